package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/user"
	"slices"
	"strconv"
	"syscall"
	"time"

	"countersign/backend/endpoint"
	"countersign/backend/recogniser"
	"countersign/esl/tap"
	"countersign/prompts"
	"countersign/session"
	"countersign/session/sound"
	"countersign/spoken"
)

// sampleNumber is what each recogniser is asked to understand.
const sampleNumber = "1234"

// recognisersUnderstand has each recogniser of the company's own hear a number, and looks where FreeSWITCH leaves the
// sound for them.
func recognisersUnderstand(ctx context.Context, o Options) (found []Finding) {
	if len(o.Speech.Recognisers) == 0 {
		return nil
	}
	found = append(found, soundFolder(o))
	for _, name := range slices.Sorted(maps.Keys(o.Speech.Recognisers)) {
		found = append(found, recogniserUnderstands(ctx, name, o.Speech.Recognisers[name]))
	}
	return found
}

func recogniserUnderstands(ctx context.Context, name string, e recogniser.Engine) Finding {
	r, err := recogniser.New(name, e, endpoint.Options{Log: silent})
	if err != nil {
		return problem("correct the settings", "%v", err)
	}
	defer r.Close()
	said, err := prompts.Sample(sampleNumber, r.Rate())
	if err != nil {
		return problem("install Countersign again", "%v", err)
	}
	u := sound.NewUtterance(len(said))
	u.Write(said)
	u.End()
	began := time.Now()
	got, err := r.Recognise(ctx, session.Expected{
		Language: "en", Kind: session.ExpectDigits, Min: len(sampleNumber), Max: len(sampleNumber),
	}, "countersign-digits-4-en", u)
	took := time.Since(began).Round(time.Millisecond)
	if err != nil {
		return problem("start it, or correct speech.recognisers."+name+"; its callers key meanwhile", "%v", err)
	}
	defer got.Wipe()
	readings := spoken.Digits("en", got.Words.Reveal(), len(sampleNumber), len(sampleNumber))
	defer spoken.Wipe(readings)
	for _, reading := range readings {
		if string(reading.Reveal()) == sampleNumber {
			return ok("%s understands a number, and answers within %s", name, took)
		}
	}
	return note("nothing, if it knows no English; else try it with other recordings",
		"%s answers within %s, but did not understand our recording of %s in English", name, took, sampleNumber)
}

// soundFolder looks whether FreeSWITCH can write to speech.folder.
func soundFolder(o Options) Finding {
	folder := o.Speech.Folder
	if !exists(folder) {
		return note(o.command("serve")+" makes it", "speech.folder %s does not exist yet", folder)
	}
	if _, err := tap.Open(folder, o.Speech.Group); err != nil {
		return problem("correct speech.folder, or remove the folder: "+o.command("serve")+" makes it anew", "speech.folder: %v",
			err)
	}
	uid, known := o.userOfFreeSWITCH(freeSWITCHConf(o.FreeSWITCH))
	switch {
	case !known:
		return note("set speech.group to its group if it runs as another user, and remove the folder",
			"speech.folder %s is in memory; whether FreeSWITCH may write there is not known", folder)
	case uid == 0 || uid == ownerOf(folder) || mayWriteAsGroup(uid, folder):
		return ok("what callers say is left in memory, in %s, and FreeSWITCH's user may write there", folder)
	}
	return problem("set speech.group to its group, remove the folder, and restart the service: it makes the folder anew",
		"FreeSWITCH runs as %s, who may not write to speech.folder %s: nobody is heard, and callers key", nameOf(uid), folder)
}

// mayWriteAsGroup says whether a user may write to a folder because of a group, and to what others make there.
func mayWriteAsGroup(uid int, folder string) bool {
	info, err := os.Stat(folder)
	if err != nil || info.Mode().Perm()&0o030 != 0o030 || info.Mode()&fs.ModeSetgid == 0 {
		return false
	}
	s, is := info.Sys().(*syscall.Stat_t)
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil || !is {
		return false
	}
	groups, err := u.GroupIds()
	return err == nil && slices.Contains(groups, fmt.Sprint(s.Gid))
}

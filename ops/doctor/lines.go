package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"countersign/bus"
	"countersign/lines"
	"countersign/lines/live"
	"countersign/prompts"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/steps"
)

// linesCompile checks that the lines in NATS compile here, and that their prompts, voices and gateway exist.
func linesCompile(ctx context.Context, o Options) (found []Finding) {
	var stored []shared.LineVersion
	err := o.State(ctx, func(ctx context.Context, s *bus.State) (err error) {
		stored, err = s.Lines().All(ctx)
		return err
	})
	if err != nil {
		return []Finding{skipped("%v", err)}
	}
	if found = linesAreStored(o, stored); len(found) > 0 {
		return found
	}
	if len(stored) == 0 {
		return []Finding{ok("none of your own: the built-in line answers every number")}
	}
	var all []*lines.Definition
	for _, s := range stored {
		if s.Removed {
			continue
		}
		def, err := compile(s)
		if err != nil {
			found = append(found, problem(o.command("lines edit "+s.Name),
				"%s, version %d, is not in force: %v", s.Name, s.Version, err))
			continue
		}
		all = append(all, def)
		found = append(found, lineHasWhatItNeeds(o, def, s)...)
	}
	for _, p := range lines.Conflicts(all, o.Region) {
		found = append(found, problem(o.command("lines edit")+" one of them", "%s", p.String()))
	}
	return found
}

// linesAreStored compares the lines in NATS with those that were last in force on this machine.
func linesAreStored(o Options, stored []shared.LineVersion) (found []Finding) {
	const do = "countersign serve puts them back; if it runs, its log says why it cannot. To remove a line: " +
		"countersign lines remove"
	here, err := live.ReadCopy(o.Files.Lines)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return []Finding{problem("remove the file once NATS has the right lines; until then callers go to a person whenever "+
			"NATS has none", "%v", err)}
	}
	have := map[string]shared.LineVersion{}
	for _, s := range stored {
		have[s.Name] = s
	}
	for _, s := range here {
		if !s.Removed && have[s.Name].OlderThan(s) {
			found = append(found, problem(do, "%s, version %d, was in force here and is missing in NATS, or older there",
				s.Name, s.Version))
		}
	}
	return found
}

func compile(s shared.LineVersion) (*lines.Definition, error) {
	def, err := lines.Parse(s.Name, []byte(s.YAML))
	if err != nil {
		return nil, err
	}
	_, err = lines.Compile(def, s.Version, lines.Parts{
		Directory: unasked{}, Sends: unasked{}, Senders: lines.EveryWay(unasked{}), Once: unasked{},
	})
	return def, err
}

// unasked stands in for the parts that a line calls during a call. Compiling calls none.
type unasked struct {
	steps.Directory
	steps.Sends
	steps.Sender
	steps.Once
}

// unset has, for each way on which no codes can be sent, the setting that it needs.
func (o Options) unset() map[event.Way]string {
	unset := map[event.Way]string{}
	if o.SMS.URL == "" {
		unset[event.WaySMS] = "sms.url"
	}
	if !o.CodeCalls {
		unset[event.WayCall] = "code_calls.dial"
	}
	if o.Email.Server.Server == "" {
		unset[event.WayEmail] = "email.server"
	}
	return unset
}

func lineHasWhatItNeeds(o Options, def *lines.Definition, s shared.LineVersion) (found []Finding) {
	for _, way := range def.CodeWays() {
		if setting, unset := o.unset()[way]; unset {
			found = append(found, problem(fmt.Sprintf("set %s, or take %s out of the ways of sms_code", setting, way),
				"%s sends codes by %s, but %s is not set: its callers get them another way, or go to an agent", s.Name, way,
				setting))
		}
	}
	if def.AsksOnPage() && !o.Page {
		found = append(found, problem("set customers.page and web.listen, or take app_link out of the line",
			"%s asks customers on their own page, which is not there: they are asked the next question, or go to an agent", s.Name))
	}
	if q := def.TellWait; q != "" && !slices.Contains(o.Queues, q) {
		found = append(found, problem("name it under wallboard.queues, or take tell_wait out of the line",
			"%s tells how long callers of the queue %s wait, which wallboard.queues does not have: they are told nothing", s.Name, q))
	}
	for _, language := range def.Languages {
		found = append(found, lineSpeaks(o, def, s.Name, language)...)
	}
	if len(found) == 0 {
		found = append(found, ok("%s, version %d", s.Name, s.Version))
	}
	return found
}

func lineSpeaks(o Options, def *lines.Definition, name, language string) (found []Finding) {
	if exists(o.Prompts) {
		missing, _ := missingPrompts(o, language) // the check of the prompts reports the error
		if len(missing) > 0 {
			found = append(found, note("record them in "+filepath.Join(o.Prompts, language)+
				", or "+o.command("prompts render --language "+language),
				"%s speaks %s, but %d prompts have no audio in it: callers hear %s",
				name, language, len(missing), def.Languages[0]))
		}
	}
	_, err := o.Voices.For(language)
	if errors.Is(err, prompts.ErrNoVoice) && (len(def.Prompts) > 0 || def.GreetByName) {
		found = append(found, note("install espeak-ng, or name an engine in prompts.voices",
			"%s has its own texts, but no voice on this machine speaks %s", name, language))
	}
	return found
}

package doctor

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"countersign/prompts"
)

// promptsArePlayable checks that all English prompts exist and that FreeSWITCH may read them.
func promptsArePlayable(_ context.Context, o Options) []Finding {
	switch {
	case exists(o.Prompts):
	case o.OwnPrompts:
		return []Finding{problem("create it, or remove prompts.path to use ours",
			"prompts.path %s does not exist", o.Prompts)}
	default:
		return []Finding{skipped("%s writes them to %s", o.command("serve"), o.Prompts)}
	}
	missing, err := missingPrompts(o, "en")
	if err != nil {
		return []Finding{problem("use another folder for the prompts", "%v", err)}
	}
	if len(missing) > 0 {
		return []Finding{problem("record them as 8 kHz mono WAV in "+filepath.Join(o.Prompts, "en"),
			"callers hear a tone in place of %s", strings.Join(missing, ", "))}
	}
	if closed := closedTo(o.Prompts); closed != "" {
		return []Finding{closedPrompts(o, closed)}
	}
	return []Finding{ok("all %d are in %s, and every user may read them", len(prompts.All()), o.Prompts)}
}

// missingPrompts are those that have no audio in a language.
func missingPrompts(o Options, language string) (missing []string, err error) {
	catalogue, err := prompts.Open(o.Prompts)
	if err != nil {
		return nil, err
	}
	for _, p := range prompts.All() {
		if _, found := catalogue.File(language, p.Name); !found {
			missing = append(missing, p.Name)
		}
	}
	return missing, nil
}

// closedPrompts is about a file or folder that only some users may read.
func closedPrompts(o Options, closed string) Finding {
	do := "chmod o+x " + closed + ", or keep --data elsewhere"
	if inside(closed, o.Prompts) {
		do = "chmod -R o+rX " + o.Prompts
	}
	if uid, known := o.userOfFreeSWITCH(freeSWITCHConf(o.FreeSWITCH)); known {
		if uid == 0 || uid == ownerOf(closed) {
			return ok("all %d are in %s, and FreeSWITCH's user may read them", len(prompts.All()), o.Prompts)
		}
		return problem(do, "FreeSWITCH runs as %s, who cannot read %s: it can play nothing, and callers go to an agent at "+
			"once", nameOf(uid), closed)
	}
	return note(do+", unless FreeSWITCH runs as the same user", "all %d are there, but other users cannot read %s: if "+
		"FreeSWITCH runs as another user, it can play nothing, and callers go to an agent at once",
		len(prompts.All()), closed)
}

func inside(path, folder string) bool {
	folder, err := filepath.Abs(folder)
	return err == nil && strings.HasPrefix(path+"/", folder+"/")
}

// closedTo is what other users may not read: a recording, or the topmost folder on the way to it, or "".
func closedTo(dir string) string {
	if closed := closedFolder(dir); closed != "" {
		return closed
	}
	closed := ""
	dir, _ = filepath.Abs(dir)
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		info, statErr := os.Stat(path)
		if err != nil || statErr != nil || info.Mode().Perm()&0o004 == 0 {
			closed = path
			return fs.SkipAll
		}
		return nil
	})
	return closed
}

// closedFolder is the topmost folder of the path dir that other users may not enter, or "".
func closedFolder(dir string) (closed string) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for ; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o001 == 0 {
			closed = dir
		}
		if dir == filepath.Dir(dir) {
			return closed
		}
	}
}

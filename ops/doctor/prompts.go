package doctor

import (
	"context"
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
		return []Finding{skipped("countersign serve writes them to %s", o.Prompts)}
	}
	missing, err := missingPrompts(o, "en")
	if err != nil {
		return []Finding{problem("use another folder for the prompts", "%v", err)}
	}
	if len(missing) > 0 {
		return []Finding{problem("record them as 8 kHz mono WAV in "+filepath.Join(o.Prompts, "en"),
			"callers hear a tone in place of %s", strings.Join(missing, ", "))}
	}
	if closed := closedFolder(o.Prompts); closed != "" {
		return []Finding{note("chmod o+x "+closed+", or keep --data elsewhere, unless FreeSWITCH runs as the same user",
			"all %d are there, but other users cannot enter %s: if FreeSWITCH runs as another user, it can play nothing, "+
				"and callers go to an agent at once", len(prompts.All()), closed)}
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

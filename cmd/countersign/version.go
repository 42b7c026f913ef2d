package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// A release is built with these (scripts/package/build.sh). Other builds have what Go knows of them.
var releaseVersion, releaseCommit, releaseDate string

// build says which build of the program this is. What the build does not know is empty.
type build struct {
	Version string `json:"version"` // of a release, as Go knows it: v1.2.3, or (devel)
	Commit  string `json:"commit"`  // of git
	// Date is that of the commit, RFC 3339. Modified: files were changed after it.
	Date     string `json:"date"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func thisBuild() build {
	b := build{Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if releaseVersion != "" {
		b.Version, b.Commit, b.Date = releaseVersion, releaseCommit, releaseDate
		return b
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (b build) String() string {
	s := cmp.Or(b.Version, "unknown")
	switch {
	case b.Commit != "" && b.Modified:
		s += fmt.Sprintf(" (commit %s of %s, modified)", short(b.Commit), b.Date)
	case b.Commit != "":
		s += fmt.Sprintf(" (commit %s of %s)", short(b.Commit), b.Date)
	}
	return fmt.Sprintf("%s, %s, %s", s, b.Go, b.Platform)
}

func short(commit string) string { return commit[:min(12, len(commit))] }

func versionCommand() *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "print the version, its commit and its date",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print it as JSON"}},
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, "no arguments"); err != nil {
				return err
			}
			if c.Bool("json") {
				return json.NewEncoder(c.App.Writer).Encode(thisBuild())
			}
			_, err := fmt.Fprintln(c.App.Writer, "countersign", thisBuild())
			return err
		},
	}
}

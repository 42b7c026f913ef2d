package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// completionArgument is the last argument of a shell that asks what can come next; urfave/cli answers.
const completionArgument = "--generate-bash-completion"

const bashCompletion = `# countersign completion bash > /etc/bash_completion.d/countersign
_countersign() {
	local cur="${COMP_WORDS[COMP_CWORD]}" words=("${COMP_WORDS[@]:0:COMP_CWORD}")
	[[ "$cur" == -* ]] && words+=("$cur")
	local IFS=$'\n'
	COMPREPLY=($(compgen -W "$("${words[@]}" ` + completionArgument + ` 2>/dev/null)" -- "$cur"))
}
complete -o bashdefault -o default -F _countersign countersign
`

const zshCompletion = `#compdef countersign
# countersign completion zsh > "${fpath[1]}/_countersign"
_countersign() {
	local -a asked options
	asked=("${(@)words[1,CURRENT-1]}")
	[[ "${words[CURRENT]}" == -* ]] && asked+=("${words[CURRENT]}")
	options=("${(@f)$("${asked[@]}" ` + completionArgument + ` 2>/dev/null)}")
	[[ -n "$options" ]] && compadd -a options || _files
}
compdef _countersign countersign
`

func completionCommand() *cli.Command {
	return &cli.Command{
		Name: "completion", Usage: "print what completes commands in a shell", ArgsUsage: "bash|zsh|fish",
		Description: "bash:  countersign completion bash > /etc/bash_completion.d/countersign\n" +
			"zsh:   countersign completion zsh > \"${fpath[1]}/_countersign\"\n" +
			"fish:  countersign completion fish > ~/.config/fish/completions/countersign.fish",
		BashComplete: func(c *cli.Context) {
			fmt.Fprintln(c.App.Writer, strings.Join([]string{"bash", "zsh", "fish"}, "\n"))
		},
		Action: printCompletion,
	}
}

func printCompletion(c *cli.Context) (err error) {
	if err := arguments(c, 1, "one argument: bash, zsh or fish"); err != nil {
		return err
	}
	script := ""
	switch shell := c.Args().First(); shell {
	case "bash":
		script = bashCompletion
	case "zsh":
		script = zshCompletion
	case "fish":
		if script, err = c.App.ToFishCompletion(); err != nil {
			return err
		}
	default:
		return wrongUse("%q is no shell that we can complete in: name bash, zsh or fish", shell)
	}
	_, err = fmt.Fprint(c.App.Writer, script)
	return err
}

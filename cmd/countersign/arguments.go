package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"countersign/internal/nearest"
)

// inOrder moves options to where urfave/cli takes them: those of the program to its front, those of the command behind
// its name, whatever stands before or after them. What it does not know stays an option of the command, which refuses
// it.
func inOrder(app *cli.App, args []string) []string {
	if len(args) == 0 || slices.Contains(args, completionArgument) {
		return args
	}
	path, command := findCommand(app, args[1:])
	own := app.Flags
	if command != nil {
		own = command.Flags
	}
	var global, options, others []string
	rest := args[1:]
	for len(rest) > 0 {
		arg := rest[0]
		rest = rest[1:]
		name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case arg == "--":
			others, rest = append(others, rest...), nil
			continue
		case !isOption(arg):
			others = append(others, arg)
			continue
		}
		to, flag := &options, flagNamed(own, name)
		if flag == nil {
			if flag = flagNamed(app.Flags, name); flag != nil || command == nil {
				to = &global
			}
		}
		*to = append(*to, arg)
		if flag != nil && takesValue(flag) && !hasValue && len(rest) > 0 {
			*to, rest = append(*to, rest[0]), rest[1:]
		}
	}
	others = others[min(len(path), len(others)):]
	ordered := slices.Concat(args[:1], global, path, options)
	if slices.ContainsFunc(others, isOption) {
		ordered = append(ordered, "--")
	}
	return append(ordered, others...)
}

// findCommand follows the names of commands among the arguments. command is nil if there is none.
func findCommand(app *cli.App, args []string) (path []string, command *cli.Command) {
	commands, flags := app.Commands, app.Flags
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		if isOption(args[i]) {
			name, _, hasValue := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
			if f := flagNamed(flags, name); f != nil && takesValue(f) && !hasValue {
				i++
			}
			continue
		}
		at := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[i]) })
		if at < 0 {
			break
		}
		command = commands[at]
		path, commands, flags = append(path, args[i]), command.Subcommands, slices.Concat(app.Flags, command.Flags)
	}
	return path, command
}

func isOption(arg string) bool { return strings.HasPrefix(arg, "-") && arg != "-" }

func flagNamed(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func takesValue(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}

// onUsageError names the option that was probably meant.
func onUsageError(c *cli.Context, err error, _ bool) error {
	_, option, unknown := strings.Cut(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return usageError{err}
	}
	known := slices.Clone(c.App.Flags)
	if c.Command != nil {
		known = append(known, c.Command.Flags...)
	}
	var names []string
	for _, f := range known {
		names = append(names, f.Names()...)
	}
	if near, ok := nearest.To(strings.TrimLeft(option, "-"), names); ok {
		err = fmt.Errorf("%w; did you mean --%s?", err, near)
	}
	return usageError{err}
}

// unknownCommand runs when no command matches.
func unknownCommand(c *cli.Context) error {
	if !c.Args().Present() {
		return cli.ShowSubcommandHelp(c)
	}
	commands := c.App.Commands
	if c.Command != nil && len(c.Command.Subcommands) > 0 {
		commands = c.Command.Subcommands
	}
	var names []string
	for _, x := range commands {
		names = append(names, x.Names()...)
	}
	text := fmt.Sprintf("there is no command %q", c.Args().First())
	if near, ok := nearest.To(c.Args().First(), names); ok {
		text += fmt.Sprintf("; did you mean %s?", near)
	}
	return usageError{errors.New(text)}
}

// arguments checks how many arguments a command got.
func arguments(c *cli.Context, want int, names string) error {
	if c.NArg() != want {
		return wrongUse("%s takes %s, got %d", c.Command.HelpName, names, c.NArg())
	}
	return nil
}

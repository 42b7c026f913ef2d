// Command countersign answers a company's telephone calls through FreeSWITCH, finds out who is calling, lets the caller
// prove it, and hands the call on with the result.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
)

// Exit codes (docs/contracts.md#command-line).
const (
	exitDone     = 0
	exitFailed   = 1
	exitWrongUse = 2
)

// stopSignals ask the program to stop: Ctrl-C and the service manager.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals...)
	code := run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// usageError is a mistake on the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func wrongUse(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

// run is the whole program: arguments in, exit code out. It stops when ctx ends.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := newApp(stdin, stdout, stderr)
	err := app.RunContext(ctx, inOrder(app, args))
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "countersign: %s\nRun \"countersign help\" for usage.\n", printableLines(err.Error()))
		return exitWrongUse
	default:
		fmt.Fprintf(stderr, "countersign: %s\n", printableLines(err.Error()))
		return exitFailed
	}
}

// printableLines is printable for text of several lines.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:      "countersign",
		Usage:     "identify callers and let them prove who they are",
		UsageText: "countersign [--config FILE] [--data DIR] COMMAND …",
		Flags: []cli.Flag{
			cli.HelpFlag, // urfave/cli omits it in a program with its own help command
			// The environment is read by loadConfig: the demo takes nothing from it.
			&cli.StringFlag{Name: "config", Usage: "read settings from `FILE` (YAML) [$COUNTERSIGN_CONFIG]"},
			&cli.StringFlag{
				Name: "data", Usage: "keep all data in `DIR` [$COUNTERSIGN_DATA]", DefaultText: defaultData,
			},
		},
		Commands: []*cli.Command{
			demoCommand(), serveCommand(), reloadCommand(), callCommand(), customersCommand(), linesCommand(), promptsCommand(), backendCommand(),
			reportCommand(), peopleCommand(), keysCommand(), webhooksCommand(), callbacksCommand(), watchCommand(), replayCommand(),
			journalCommand(), doctorCommand(), benchCommand(), healthCommand(), auditCommand(), retentionCommand(),
			backupCommand(), restoreCommand(), versionCommand(),
			completionCommand(), manualCommand(), helpCommand(),
		},
		Reader: stdin, Writer: stdout, ErrWriter: stderr,
		Version:         thisBuild().String(),
		HideHelpCommand: true,

		EnableBashCompletion: true,

		ExitErrHandler:  func(*cli.Context, error) {}, // run decides
		CommandNotFound: nil,
		Action:          unknownCommand,
		OnUsageError:    onUsageError,
	}
	everyCommand(app.Commands, func(c *cli.Command) {
		c.OnUsageError = onUsageError
		if len(c.Subcommands) > 0 && c.Action == nil {
			c.Action = unknownCommand
		}
		if c.Name != serveName && c.Action != nil {
			c.Action = endWithTerminal(c.Action)
		}
	})
	return app
}

// helpCommand prints what --help prints: "help customers import" is "customers import --help".
func helpCommand() *cli.Command {
	return &cli.Command{
		Name: "help", Usage: "explain a command", ArgsUsage: "[COMMAND …]", HideHelp: true,
		Action: func(c *cli.Context) error {
			args := append(append([]string{c.App.Name}, c.Args().Slice()...), "--help")
			return newApp(c.App.Reader, c.App.Writer, c.App.ErrWriter).RunContext(c.Context, args)
		},
	}
}

func everyCommand(commands []*cli.Command, f func(*cli.Command)) {
	for _, c := range commands {
		f(c)
		everyCommand(c.Subcommands, f)
	}
}

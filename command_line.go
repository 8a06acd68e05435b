package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"ecoseller/config"
	"ecoseller/models"
)

// The groups of commands; the help shows them in the order of the alphabet.
const (
	groupAccess    = "Access"
	groupCatalogue = "Catalogue"
	groupDatabase  = "Database"
	groupDiagnosis = "Diagnosis"
	groupSearch    = "Search"
	groupShell     = "Shell"
)

const rootHelp = `{{.Usage}}

Usage:
   ecoseller [flags]                 serve the API; without configuration with everything embedded
   ecoseller -worker [flags]         run background jobs: mail, indexing
   ecoseller COMMAND [flags] [FILE]

{{range .VisibleCategories}}{{if .Name}}{{.Name}}:{{range .VisibleCommands}}
   {{.Name}}{{"\t"}}{{.Usage}}{{end}}

{{end}}{{end}}Flags:{{range .VisibleFlags}}
   {{.}}{{end}}

Examples:
   go run .                                        a shop to play with, on this machine
   PORT=9000 ecoseller                             serve elsewhere
   ecoseller -worker -concurrency 20               more jobs at once
   ecoseller -worker -schedule "0 2 * * *"         and a new search index every night
   ecoseller doctor                                what is wrong, and how to mend it

The configuration is read from the environment: "ecoseller config" shows it. "ecoseller COMMAND -help" explains a command.
`

const commandHelp = `{{.Usage}}

Usage:
   {{.FullName}}{{if .VisibleFlags}} [flags]{{end}}{{if .ArgsUsage}} {{.ArgsUsage}}{{end}}
{{if .Description}}
{{.Description}}
{{end}}{{if .VisibleCommands}}
Commands:{{range .VisibleCommands}}
   {{.Name}}{{"\t"}}{{.Usage}}{{end}}
{{end}}{{if .VisibleFlags}}
Flags:{{range .VisibleFlags}}
   {{.}}{{end}}
{{end}}`

// errUsage is a mistake on the command line; its message has been printed.
var errUsage = errors.New("usage")

// command is what a command does in a shop that is configured.
type command func(ctx context.Context, cfg *config.Config, logger *slog.Logger, line *cli.Command) error

// commandLine is the program as operators see it. Flags may have one dash or two.
func commandLine() *cli.Command {
	root := &cli.Command{
		Name:                          "ecoseller",
		Usage:                         "ecoseller is an e-commerce API server: GraphQL over PostgreSQL, Elasticsearch and a Redis job queue.",
		CustomRootCommandHelpTemplate: rootHelp,
		HideHelpCommand:               true,
		Suggest:                       true,
		EnableShellCompletion:         true,
		ConfigureShellCompletionCommand: func(c *cli.Command) {
			c.Hidden, c.Category, c.ArgsUsage = false, groupShell, "bash|zsh|fish|pwsh"
			c.Usage = "print what makes a shell complete commands and flags"
			c.CustomHelpTemplate = commandHelp
		},
		// The errors of commands are main's.
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "worker", Local: true, HideDefault: true, Usage: "run background jobs instead of serving"},
			&cli.StringFlag{Name: "concurrency", Local: true, Usage: "how many jobs the worker runs at once; WORKER_CONCURRENCY by default"},
			&cli.StringFlag{Name: "queues", Local: true, Usage: "which queues it works for, the most urgent first; WORKER_QUEUES by default"},
			&cli.StringFlag{Name: "schedule", Local: true, Usage: "when it rebuilds the search index, as in a crontab; SEARCH_INDEX_SCHEDULE by default"},
		},
		Action: configured(serveOrWork),
		Commands: slices.Concat(
			accessCommands(), catalogueCommands(), databaseCommands(), diagnosisCommands(), searchCommands()),
	}
	complete(root)
	return root
}

// complete gives all commands what the library does not hand down.
func complete(c *cli.Command) {
	c.OnUsageError = refuseUsage
	if c.CustomRootCommandHelpTemplate == "" {
		c.CustomHelpTemplate = commandHelp
	}
	for _, child := range c.Commands {
		complete(child)
	}
}

func accessCommands() []*cli.Command {
	permissions := make([]string, 0, len(models.AllPermissions()))
	for _, p := range models.AllPermissions() {
		permissions = append(permissions, string(p))
	}
	return []*cli.Command{
		{
			Name: "create-admin", Category: groupAccess, Usage: "make an access token that may do everything, and print it",
			Description: `The API knows no users: who has a token has its permissions. An administrator is a token with all of them. Its name
is taken once; -replace makes a new token of the name, and the one before is no longer valid.

Examples:
   ecoseller create-admin -name alice
   ecoseller create-admin -name alice -expires 720h
   ecoseller create-admin -name alice -replace`,
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "name", Value: "admin", Usage: "whose token it is"},
				&cli.DurationFlag{Name: "expires", Usage: "after which time the token is no longer valid, such as 720h; never by default", HideDefault: true},
				&cli.BoolFlag{Name: "replace", HideDefault: true, Usage: "revoke the tokens of this name"},
			},
			Action: configured(createAdminCommand),
		},
		{
			Name: "create-token", Category: groupAccess, Usage: "make an access token with some permissions, and print it",
			Description: "The token can be seen this once. Permissions are:\n   " + strings.Join(permissions, "\n   ") + `

Examples:
   ecoseller create-token -name storefront -permissions email:send
   ecoseller create-token -name dashboard -permissions catalogue:write,search:write`,
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "name", Value: "unnamed", Usage: "what the token is for"},
				&cli.StringFlag{Name: "permissions", Value: string(models.PermissionSendEmail), Usage: "permissions, separated by commas"},
			},
			Action: configured(createTokenCommand),
		},
	}
}

func catalogueCommands() []*cli.Command {
	return []*cli.Command{
		{
			Name: "import", Category: groupCatalogue, ArgsUsage: "FILE", Usage: "import a catalogue: NDJSON or CSV, plain or gzip",
			Description: `A line that is refused is reported with its number and the reason, the rest goes in; exit status 1.

Examples:
   ecoseller import products.ndjson
   ecoseller import prices.csv.gz`,
			Action: configured(importCommand),
		},
		{
			Name: "export", Category: groupCatalogue, ArgsUsage: "FILE", Usage: "write the whole catalogue into a file",
			Description: `- is standard output; a name that ends in .gz is compressed.

Examples:
   ecoseller export catalogue.ndjson.gz
   ecoseller export -format csv - > catalogue.csv`,
			Flags:  []cli.Flag{&cli.StringFlag{Name: "format", Usage: "ndjson or csv; by the file's name when not given"}},
			Action: configured(exportCommand),
		},
		{
			Name: "sweep-media", Category: groupCatalogue, Usage: "remove uploaded pictures that no product shows",
			Description: "Pictures of the last day stay, and those of products that can be restored.",
			Action:      configured(sweepMediaCommand),
		},
	}
}

func databaseCommands() []*cli.Command {
	return []*cli.Command{{
		Name: "migrate", Category: groupDatabase, ArgsUsage: "[up|status|down]", Usage: "bring the database schema up to date, or show how it is",
		Description: `Without more it is "up", which every start of server and worker does as well.

Examples:
   ecoseller migrate
   ecoseller migrate status
   ecoseller migrate down -yes              before an older release starts`,
		Action: configured(migrateUpCommand),
		Commands: []*cli.Command{
			{Name: "up", Usage: "apply what is not applied yet", Action: configured(migrateUpCommand)},
			{
				Name: "status", Usage: "list the migrations, and which are applied; exit status 1 when some are not",
				Action: configured(migrateStatusCommand),
			},
			{
				Name: "down", Usage: "take back what was applied last, and the data in it",
				Description: "The next start of this release applies it again: stop servers and workers before, and start an older release after it.",
				Flags: []cli.Flag{
					&cli.IntFlag{Name: "steps", Value: 1, Usage: "how many migrations"},
					&cli.BoolFlag{Name: "yes", HideDefault: true, Usage: "do it; without this flag it only says what would be taken back"},
				},
				Action: configured(migrateDownCommand),
			},
		},
	}}
}

func diagnosisCommands() []*cli.Command {
	asJSON := func() []cli.Flag {
		return []cli.Flag{&cli.BoolFlag{Name: "json", HideDefault: true, Usage: "for programs"}}
	}
	return []*cli.Command{
		{
			Name: "config", Category: groupDiagnosis, Usage: "show the configuration, and where each value comes from", Flags: asJSON(),
			Description: `Passwords and keys are not shown. Sources are: environment; default; derived, from other values; embedded, a service
that runs inside the program.

Examples:
   ecoseller config
   ecoseller config -json | jq '.[] | select(.source == "environment")'`,
			Action: configCommand,
		},
		{
			Name: "doctor", Category: groupDiagnosis, Usage: "check everything the program needs, and say how to mend what is wrong", Flags: asJSON(),
			Description: `Looks at the configuration, PostgreSQL and its schema, Elasticsearch with its dictionaries and index, Redis, the mail
server, the place of pictures, and the queue of jobs. It changes nothing. Exit status 1 when something is broken.

Examples:
   ecoseller doctor
   ecoseller doctor -json`,
			Action: doctorCommand,
		},
		{
			Name: "healthcheck", Category: groupDiagnosis, Usage: "exit status 0 when the server on this machine is ready",
			Flags:  []cli.Flag{&cli.BoolFlag{Name: "worker", HideDefault: true, Usage: "check what the worker needs"}},
			Action: configured(healthcheckCommand),
		},
		{Name: "version", Category: groupDiagnosis, Usage: "print the version, and what the program was built from", Flags: asJSON(), Action: versionCommand},
	}
}

func searchCommands() []*cli.Command {
	return []*cli.Command{
		{
			Name: "search-index", Category: groupSearch, Usage: "rebuild, roll back or verify the search index",
			Description: `Examples:
   ecoseller search-index -rebuild
   ecoseller search-index -rollback
   ecoseller search-index -verify -dry-run`,
			Flags: []cli.Flag{
				&cli.BoolFlag{Name: "rebuild", HideDefault: true, Usage: "fill a new index and swap it in; the one before is kept"},
				&cli.BoolFlag{Name: "rollback", HideDefault: true, Usage: "go back to the index before, and bring it up to date"},
				&cli.BoolFlag{Name: "verify", HideDefault: true, Usage: "compare index and database, and repair what differs"},
				&cli.BoolFlag{Name: "dry-run", HideDefault: true, Usage: "with -verify: report only; exit status 1 when there are differences"},
			},
			Action: configured(searchIndexCommand),
		},
		{
			Name: "relevance", Category: groupSearch, Usage: "measure how well searches find what people have judged to be right",
			Description: `Examples:
   ecoseller relevance -judgments judged.tsv
   ecoseller relevance -judgments judged.tsv -catalogue products.ndjson -engine postgres
   ecoseller relevance -explain "sluchatka bez dratu" -language cs`,
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "catalogue", Usage: "a catalogue file; the shop's own products when not given"},
				&cli.StringFlag{Name: "judgments", Usage: "a file with query, sku and grade on each line, separated by tabs"},
				&cli.StringFlag{Name: "engine", Value: "all", Usage: "elasticsearch, postgres or all"},
				&cli.StringFlag{Name: "language", Usage: "language of the queries; by default the shop's"},
				&cli.StringFlag{Name: "explain", Usage: "instead of measuring, say why a query finds its first hits"},
			},
			Action: configured(relevanceCommand),
		},
	}
}

// configured runs a command with the configuration of the environment and the flags.
func configured(run command) cli.ActionFunc {
	return func(ctx context.Context, line *cli.Command) error {
		if err := refuseStrangers(line); err != nil {
			return err
		}
		cfg, err := config.From(configurationOf(line))
		if err != nil {
			return err
		}
		return run(ctx, cfg, newLogger(os.Stderr, cfg.LogLevel), line)
	}
}

// configurationOf returns the variables of the environment, with flags in their places.
func configurationOf(line *cli.Command) map[string]string {
	root := line.Root()
	return config.EnvironmentAnd(map[string]string{
		"WORKER_CONCURRENCY": root.String("concurrency"), "WORKER_QUEUES": root.String("queues"), "SEARCH_INDEX_SCHEDULE": root.String("schedule"),
	})
}

// refuseStrangers finds commands that are none: what stands where one could be, and commands after -worker.
func refuseStrangers(line *cli.Command) error {
	root := line.Root()
	if line != root && root.Bool("worker") {
		return usageError("%q is no work for a worker: leave out -worker", line.Name)
	}
	if !line.Args().Present() || line.ArgsUsage == "FILE" {
		return nil
	}
	stranger := line.Args().First()
	if line != root && len(line.Commands) == 0 {
		return usageError("%s takes no arguments, and has %q", line.Name, stranger)
	}
	hint := ""
	if near := cli.SuggestCommand(line.Commands, stranger); near != "" {
		hint = fmt.Sprintf("; is it %q?", near)
	}
	return usageError("there is an unknown command %q%s\nSee \"%s -help\".", stranger, hint, line.FullName())
}

func refuseUsage(_ context.Context, line *cli.Command, err error, _ bool) error {
	return usageError("%w\nSee \"%s -help\".", err, line.FullName())
}

// usageError prints what is wrong with the command line.
func usageError(format string, args ...any) error {
	fmt.Fprintln(os.Stderr, "ecoseller:", fmt.Errorf(format, args...))
	return errUsage
}

func serveOrWork(ctx context.Context, cfg *config.Config, logger *slog.Logger, line *cli.Command) error {
	if line.Bool("worker") {
		return work(ctx, cfg, logger)
	}
	return serve(ctx, cfg, logger)
}

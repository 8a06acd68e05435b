package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"ecoseller/config"
	"ecoseller/migrations"
	"ecoseller/models"
	"ecoseller/store"
)

// configCommand shows the configuration. It fails when it is mistaken, and says where.
func configCommand(_ context.Context, line *cli.Command) error {
	if err := refuseStrangers(line); err != nil {
		return err
	}
	variables := configurationOf(line)
	cfg, err := config.From(variables)
	if err != nil {
		return err
	}
	settings := cfg.Settings(variables)
	if line.Bool("json") {
		return printJSON(settings)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, s := range settings {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", s.Name, cmp.Or(s.Value, "-"), s.Source)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print configuration: %w", err)
	}
	return nil
}

// createTokenCommand makes an access token and prints it, the only time it can be seen.
func createTokenCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, line *cli.Command) error {
	permissions, err := parsePermissions(line.String("permissions"))
	if err != nil {
		return err
	}
	s, err := openShop(ctx, cfg, logger, batchTimeout)
	if err != nil {
		return err
	}
	defer s.close()
	token, err := s.store.CreateAccessToken(ctx, line.String("name"), permissions)
	if err != nil {
		return err
	}
	fmt.Println(token)
	return nil
}

func parsePermissions(list string) ([]models.Permission, error) {
	var permissions []models.Permission
	for name := range strings.SplitSeq(list, ",") {
		p := models.Permission(strings.TrimSpace(name))
		if !slices.Contains(models.AllPermissions(), p) {
			return nil, fmt.Errorf("there is no permission %q; there are %v", p, models.AllPermissions())
		}
		permissions = append(permissions, p)
	}
	return permissions, nil
}

// createAdminCommand makes a token with all permissions. Its name is taken once, so that a script that runs twice does
// not leave two.
func createAdminCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, line *cli.Command) error {
	if line.Duration("expires") < 0 {
		return usageError("-expires: %s is over", line.Duration("expires"))
	}
	s, err := openShop(ctx, cfg, logger, batchTimeout)
	if err != nil {
		return err
	}
	defer s.close()
	admin := store.AdminToken{Name: line.String("name"), Lifetime: line.Duration("expires"), Replace: line.Bool("replace")}
	token, err := s.store.CreateAdminToken(ctx, admin)
	if errors.Is(err, store.ErrAlreadyExists) {
		return fmt.Errorf("there is a valid token %q already; -replace revokes it, -name makes another", admin.Name)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "A token with all permissions; it cannot be shown again. Send it as \"Authorization: Bearer …\".\n")
	fmt.Println(token)
	return nil
}

// inDatabase runs do on the database as it is, without bringing it up to date.
func inDatabase(ctx context.Context, cfg *config.Config, logger *slog.Logger, do func(*shop) error) error {
	s := newShop(cfg, logger)
	defer s.close()
	options, err := s.databaseOptions(ctx, 0)
	if err != nil {
		return err
	}
	options.MaxConnections = 3
	s.db = store.OpenDB(options)
	s.onClose(func() { _ = s.db.Close() })
	waiting, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := store.WaitUntilReady(waiting, s.db); err != nil {
		return err
	}
	return do(s)
}

// migrateUpCommand brings the schema up to date, which every other start does as well.
func migrateUpCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, _ *cli.Command) error {
	return inDatabase(ctx, cfg, logger, func(s *shop) error {
		applied, err := migrations.Up(ctx, s.db)
		if err != nil {
			return err
		}
		for _, name := range applied {
			fmt.Println("applied", name)
		}
		fmt.Println("the database is up to date")
		return nil
	})
}

// migrateStatusCommand lists all migrations. It fails when one is missing, for scripts.
func migrateStatusCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, _ *cli.Command) error {
	return inDatabase(ctx, cfg, logger, func(s *shop) error {
		status, err := migrations.StatusOf(ctx, s.db)
		if err != nil {
			return err
		}
		for _, m := range status.Applied {
			fmt.Printf("applied %s  %s\n", m.At.UTC().Format(time.DateTime), m.Name)
		}
		for _, name := range status.Unknown {
			fmt.Printf("applied by a newer release        %s\n", name)
		}
		for _, name := range status.Pending {
			fmt.Printf("pending                      %s\n", name)
		}
		if n := len(status.Pending); n > 0 {
			return fmt.Errorf("%d migrations are not applied; \"ecoseller migrate up\" and every start apply them", n)
		}
		return nil
	})
}

// migrateDownCommand takes migrations back, when that is confirmed.
func migrateDownCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, line *cli.Command) error {
	steps := line.Int("steps")
	if steps < 1 {
		return usageError("-steps: at least 1 is needed")
	}
	return inDatabase(ctx, cfg, logger, func(s *shop) error {
		status, err := migrations.StatusOf(ctx, s.db)
		if err != nil {
			return err
		}
		if !line.Bool("yes") {
			for _, m := range slices.Backward(status.Applied[max(len(status.Applied)-steps, 0):]) {
				fmt.Println("would take back", m.Name)
			}
			return errors.New("nothing was done: what these migrations hold would be lost; -yes does it")
		}
		names, err := migrations.Down(ctx, s.db, steps)
		for _, name := range names {
			fmt.Println("took back", name)
		}
		return err
	})
}

// healthTimeout is how long a health check waits.
const healthTimeout = 5 * time.Second

// healthcheckCommand asks the server on this machine, or for the worker the database, how it is.
func healthcheckCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, line *cli.Command) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	if line.Bool("worker") {
		return inDatabase(ctx, cfg, logger, func(*shop) error { return nil })
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.Port))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return errors.New("the server is not ready")
	}
	return nil
}

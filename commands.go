package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"ecoseller/catalogue"
	"ecoseller/config"
	"ecoseller/models"
)

// importCommand imports a catalogue file. It fails when a line was refused, after the rest went in.
func importCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, args []string) error {
	flags := newFlags("import")
	if err := parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "ecoseller: import takes one file")
		return errUsage
	}
	file, err := os.Open(flags.Arg(0))
	if err != nil {
		return fmt.Errorf("open catalogue: %w", err)
	}
	defer func() { _ = file.Close() }()
	s, err := openShop(ctx, cfg, logger, batchTimeout)
	if err != nil {
		return err
	}
	defer s.close()

	started := time.Now()
	importer := catalogue.NewImporter(s.store, s.mediaAddresses())
	read := importer.Import
	if hasExtension(flags.Arg(0), ".csv") {
		read = importer.ImportCSV
	}
	report, err := read(ctx, withProgress(file), func(r catalogue.Refusal) {
		fmt.Fprintf(os.Stderr, "%s:%d: %s\n", flags.Arg(0), r.Line, r.Reason)
	})
	fmt.Printf("imported %d products (%d new) and %d lines of reference data, refused %d lines, in %s\n",
		report.Imported, report.Created, report.References, report.Refused, time.Since(started).Round(10*time.Millisecond))
	if err != nil {
		return err
	}
	if report.Refused > 0 {
		return fmt.Errorf("%d lines were refused", report.Refused)
	}
	return nil
}

// withProgress shows on a terminal how much of the file has been read.
func withProgress(file *os.File) io.Reader {
	info, err := file.Stat()
	if err != nil || !term.IsTerminal(int(os.Stderr.Fd())) {
		return file
	}
	bar := progressbar.DefaultBytes(info.Size(), "importing")
	return io.TeeReader(file, bar)
}

// hasExtension says whether the file's name ends like this, be it compressed or not.
func hasExtension(name, extension string) bool {
	return strings.HasSuffix(strings.TrimSuffix(strings.ToLower(name), ".gz"), extension)
}

// exportCommand writes the whole catalogue into a file.
func exportCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, args []string) error {
	flags := newFlags("export")
	format := flags.String("format", "", "ndjson or csv; by the file's name when not given")
	if err := parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "ecoseller: export takes one file, or - for standard output")
		return errUsage
	}
	name := flags.Arg(0)
	chosen := catalogue.Format(*format)
	if chosen == "" && hasExtension(name, ".csv") {
		chosen = catalogue.FormatCSV
	} else if chosen == "" {
		chosen = catalogue.FormatNDJSON
	}
	if chosen != catalogue.FormatCSV && chosen != catalogue.FormatNDJSON {
		fmt.Fprintf(os.Stderr, "ecoseller: there is no format %q; there are ndjson and csv\n", chosen)
		return errUsage
	}
	s, err := openShop(ctx, cfg, logger, batchTimeout)
	if err != nil {
		return err
	}
	defer s.close()

	started := time.Now()
	products := 0
	err = writeFile(name, func(target io.Writer) error {
		products, err = catalogue.NewExporter(s.store, s.mediaAddresses()).Export(ctx, chosen, target, progressOf("exporting"))
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "exported %d products in %s\n", products, time.Since(started).Round(10*time.Millisecond))
	return nil
}

// writeFile writes a file, compressed when its name ends in .gz, or standard output when it is -. The file gets its
// name when it is complete.
func writeFile(name string, write func(io.Writer) error) error {
	if name == "-" {
		return write(os.Stdout)
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("create file: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	defer func() { _ = file.Close() }()
	if err := writeCompressed(file, strings.HasSuffix(strings.ToLower(name), ".gz"), write); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	if err := os.Rename(file.Name(), name); err != nil {
		return fmt.Errorf("name file: %w", err)
	}
	return nil
}

func writeCompressed(file io.Writer, compress bool, write func(io.Writer) error) error {
	if !compress {
		return write(file)
	}
	zipped := gzip.NewWriter(file)
	if err := write(zipped); err != nil {
		return err
	}
	if err := zipped.Close(); err != nil {
		return fmt.Errorf("compress file: %w", err)
	}
	return nil
}

// progressOf shows on a terminal how much is done; nil elsewhere.
func progressOf(doing string) func(done, total int) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = progressbar.Default(int64(total), doing)
		}
		_ = bar.Set(done)
	}
}

const (
	// mediaGrace is how long an uploaded picture stays without being shown.
	mediaGrace = 24 * time.Hour
	// sweepBatch is how many are removed in a transaction.
	sweepBatch = 100
)

// sweepMediaCommand removes uploaded pictures that no product shows, and none that can be restored.
func sweepMediaCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, args []string) error {
	if err := parse(newFlags("sweep-media"), args); err != nil {
		return err
	}
	s, err := openShop(ctx, cfg, logger, batchTimeout)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.openMedia(); err != nil {
		return err
	}
	if s.media == nil {
		return errors.New("configuration: MEDIA_FOLDER or MEDIA_S3_ENDPOINT is needed")
	}
	before, total := time.Now().Add(-mediaGrace), 0
	for {
		swept, err := s.store.SweepMediaFiles(ctx, before, sweepBatch, s.media.Delete)
		if err != nil {
			return err
		}
		total += swept
		if swept < sweepBatch {
			break
		}
	}
	fmt.Printf("removed %d pictures\n", total)
	return nil
}

// createTokenCommand makes an access token and prints it, the only time it can be seen.
func createTokenCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, args []string) error {
	flags := newFlags("create-token")
	name := flags.String("name", "unnamed", "what the token is for")
	list := flags.String("permissions", string(models.PermissionSendEmail), "permissions, separated by commas")
	if err := parse(flags, args); err != nil {
		return err
	}
	permissions, err := parsePermissions(*list)
	if err != nil {
		return err
	}
	s, err := openShop(ctx, cfg, logger, batchTimeout)
	if err != nil {
		return err
	}
	defer s.close()
	token, err := s.store.CreateAccessToken(ctx, *name, permissions)
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

// migrateCommand brings the schema up to date, which every other start does as well.
func migrateCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, _ []string) error {
	s, err := openShop(ctx, cfg, logger, batchTimeout)
	if err != nil {
		return err
	}
	s.close()
	fmt.Println("the database is up to date")
	return nil
}

// healthcheckCommand asks the server on this machine, or for the worker the database, how it is.
func healthcheckCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, args []string) error {
	flags := newFlags("healthcheck")
	worker := flags.Bool("worker", false, "check what the worker needs")
	if err := parse(flags, args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if *worker {
		s, err := openShop(ctx, cfg, logger, 5*time.Second)
		if err != nil {
			return err
		}
		defer s.close()
		return s.store.Ping(ctx)
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

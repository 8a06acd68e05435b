package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"ecoseller/catalogue"
	"ecoseller/config"
)

// importCommand imports a catalogue file. It fails when a line was refused, after the rest went in.
func importCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, line *cli.Command) error {
	if line.NArg() != 1 {
		return usageError("import takes one file")
	}
	name := line.Args().First()
	file, err := os.Open(name)
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
	if hasExtension(name, ".csv") {
		read = importer.ImportCSV
	}
	report, err := read(ctx, withProgress(file), func(r catalogue.Refusal) {
		fmt.Fprintf(os.Stderr, "%s:%d: %s\n", name, r.Line, r.Reason)
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
func exportCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, line *cli.Command) error {
	if line.NArg() != 1 {
		return usageError("export takes one file, or - for standard output")
	}
	name := line.Args().First()
	chosen := catalogue.Format(line.String("format"))
	if chosen == "" && hasExtension(name, ".csv") {
		chosen = catalogue.FormatCSV
	} else if chosen == "" {
		chosen = catalogue.FormatNDJSON
	}
	if chosen != catalogue.FormatCSV && chosen != catalogue.FormatNDJSON {
		return usageError("there is no format %q; there are ndjson and csv", chosen)
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
func sweepMediaCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, _ *cli.Command) error {
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

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"ecoseller/migrations"
)

// writing is what is timed once a round besides the works; rates are in products or documents a second.
type writing struct {
	Products int
	Round    int
	// StartUp is until the first answer, in milliseconds; Idle is resident memory afterwards, in megabytes.
	StartUp, Idle, SecondsBeforeIdle float64
	Import, Copy                     float64
	Rebuild, BareBulk                float64
}

// measureWriting times start-up, import and rebuild.
func (b *bench) measureWriting(ctx context.Context, folder string) ([]*writing, error) {
	var rounds []*writing
	for round := range b.options.rounds {
		w := &writing{Products: b.products, Round: round + 1, SecondsBeforeIdle: b.options.idle.Seconds()}
		rounds = append(rounds, w)
		if err := b.measureStart(ctx, w); err != nil {
			return nil, err
		}
		if b.options.wants(workImport) {
			if err := b.measureImport(ctx, w, folder); err != nil {
				return nil, err
			}
		}
		_, _ = fmt.Fprintf(b.log, "%7d products  start %.0f ms, idle %.0f MB, import %.0f/s, COPY %.0f/s\n", w.Products, w.StartUp, w.Idle, w.Import, w.Copy)
	}
	if b.elastic != "" && b.options.wants(workRebuild) {
		return rounds, b.measureRebuild(ctx, rounds)
	}
	return rounds, nil
}

// measureStart times a server from its start as a process to its first answer.
func (b *bench) measureStart(ctx context.Context, w *writing) error {
	started := time.Now()
	s, err := b.startServer(ctx)
	if err != nil {
		return err
	}
	defer s.Stop()
	c, err := dial(ctx, s.Address)
	if err != nil {
		return err
	}
	defer c.close()
	var first outcome
	if err := first.ask(c, b.serverSide(s, b.works[0]).exchanges[0]); err != nil {
		return err
	}
	if first.failed > 0 {
		return fmt.Errorf("the first answer has errors: %s", first.failure)
	}
	w.StartUp = milliseconds(time.Since(started))
	select {
	case <-time.After(b.options.idle):
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // says all
	}
	w.Idle = memory(s.Process(), "VmRSS")
	return nil
}

// importTables are what an import writes, in an order that foreign keys allow. Price ranges come from triggers, which
// COPY runs as well.
var importTables = []string{
	"price_lists", "countries", "vat_groups", "attribute_types", "attributes", "product_types",
	"product_type_attribute_types", "product_type_vat_groups", "categories", "category_translations", "products",
	"product_translations", "product_categories", "product_media", "product_variants", "product_variant_attributes",
	"product_prices", "product_sort_titles",
}

// measureImport imports an export of the catalogue into an empty database, and copies the rows that come of it into
// another, table by table, with all indexes, foreign keys and triggers there.
func (b *bench) measureImport(ctx context.Context, w *writing, folder string) error {
	file := filepath.Join(folder, "catalogue.ndjson")
	if err := runProgram(ctx, b.programs.server, b.environment(), "export", file); err != nil {
		return err
	}
	imported, err := b.emptyShop(ctx, b.database+"_import")
	if err != nil {
		return err
	}
	defer imported.discard(ctx)
	started := time.Now()
	if err := runProgram(ctx, b.programs.server, imported.environment("USE_ELASTIC=0"), "import", file); err != nil {
		return err
	}
	w.Import = float64(b.products) / time.Since(started).Seconds()

	copied, err := b.emptyShop(ctx, b.database+"_copy")
	if err != nil {
		return err
	}
	defer copied.discard(ctx)
	took, err := copyTables(ctx, imported.db, copied.db, folder)
	if err != nil {
		return err
	}
	w.Copy = float64(b.products) / took.Seconds()
	var count int
	if err := copied.db.NewRaw("SELECT count(*) FROM products").Scan(ctx, &count); err != nil {
		return fmt.Errorf("count copied products: %w", err)
	}
	if count != b.products {
		return fmt.Errorf("%d products were copied, not %d", count, b.products)
	}
	return nil
}

// emptyShop is a migrated database without anything in it.
func (b *bench) emptyShop(ctx context.Context, database string) (*shop, error) {
	if err := b.services.recreate(ctx, database); err != nil {
		return nil, err
	}
	o := &shop{services: b.services, programs: b.programs, database: database, db: b.services.database(database)}
	if _, err := migrations.Up(ctx, o.db); err != nil {
		o.discard(ctx)
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return o, nil
}

// discard drops a database and what its jobs have left in Redis.
func (o *shop) discard(ctx context.Context) {
	o.close()
	ctx = context.WithoutCancel(ctx)
	_ = o.services.drop(ctx, o.database) // the next run drops it else
	_ = o.services.forgetJobs(ctx, o.database)
}

// copyTables reads tables into files and times only how they are written.
func copyTables(ctx context.Context, from, to *bun.DB, folder string) (time.Duration, error) {
	source, err := from.Conn(ctx)
	if err != nil {
		return 0, fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = source.Close() }()
	target, err := to.Conn(ctx)
	if err != nil {
		return 0, fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = target.Close() }()
	var took time.Duration
	for _, table := range importTables {
		file := filepath.Join(folder, table)
		if err := copyOut(ctx, source, table, file); err != nil {
			return 0, err
		}
		started := time.Now()
		if err := copyIn(ctx, target, table, file); err != nil {
			return 0, err
		}
		took += time.Since(started)
		if err := os.Remove(file); err != nil {
			return 0, fmt.Errorf("remove copy: %w", err)
		}
	}
	return took, nil
}

func copyOut(ctx context.Context, from bun.Conn, table, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	defer func() { _ = file.Close() }()
	if _, err := pgdriver.CopyTo(ctx, from, file, "COPY "+table+" TO STDOUT"); err != nil {
		return fmt.Errorf("copy %s: %w", table, err)
	}
	return nil
}

func copyIn(ctx context.Context, to bun.Conn, table, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open copy: %w", err)
	}
	defer func() { _ = file.Close() }()
	if _, err := pgdriver.CopyFrom(ctx, to, file, "COPY "+table+" FROM STDIN"); err != nil {
		return fmt.Errorf("copy into %s: %w", table, err)
	}
	return nil
}

// measureRebuild has bench/rebuild compare a rebuild with a bare bulk load.
func (b *bench) measureRebuild(ctx context.Context, rounds []*writing) error {
	command := exec.CommandContext(ctx, "go", "run", "./bench/rebuild", "-json", "-engines", "ELASTICSEARCH",
		"-rounds", fmt.Sprint(len(rounds)), "-alias", indexOf(b.database)+"-rebuild")
	command.Env = b.environment()
	command.Stderr = b.log
	raw, err := command.Output()
	if err != nil {
		return fmt.Errorf("measure rebuild: %w", err)
	}
	var rates struct{ Bare, Rebuild []float64 }
	if err := json.Unmarshal(raw, &rates); err != nil || len(rates.Bare) != len(rounds) || len(rates.Rebuild) != len(rounds) {
		return fmt.Errorf("read rates of rebuild %q: %w", raw, err)
	}
	for i, w := range rounds {
		w.BareBulk, w.Rebuild = rates.Bare[i], rates.Rebuild[i]
		_, _ = fmt.Fprintf(b.log, "%7d products  rebuild %.0f/s, bare bulk load %.0f/s\n", w.Products, w.Rebuild, w.BareBulk)
	}
	return nil
}

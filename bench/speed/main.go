// Command speed measures the server beside what it could be: a yardstick of one hand-written statement for each
// request, bare searches, the same bytes from memory, COPY and bare bulk loads, in turns on the same machine. It prints
// a table and writes it to bench/results, with plots and the raw numbers. PostgreSQL, Elasticsearch and Redis are those
// that the environment names; databases and indices are its own, and databases are kept for the next run.
//
//	eval "$(scripts/services env)" && go run ./bench/speed -short
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Works that are not asked for by requests.
const (
	workImport  = "import"
	workRebuild = "rebuild"
)

type options struct {
	sizes   []int
	works   []string
	rounds  int
	seconds float64
	idle    time.Duration
	out     string
	// texts is how many are searched for, and sample how many answers of a work are compared with the yardstick's.
	texts, sample int
}

func (o options) duration() time.Duration { return time.Duration(o.seconds * float64(time.Second)) }

func (o options) wants(work string) bool { return len(o.works) == 0 || slices.Contains(o.works, work) }

func main() {
	o, err := readOptions()
	if err == nil {
		err = run(context.Background(), o, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "speed:", err)
		os.Exit(1)
	}
}

func readOptions() (o options, err error) {
	sizes := flag.String("products", "10000,100000", "sizes of catalogues, separated by commas")
	works := flag.String("works", "", "which works: "+allWorks()+",import,rebuild; by default all")
	flag.IntVar(&o.rounds, "rounds", 3, "how often everything is measured")
	flag.Float64Var(&o.seconds, "seconds", 5, "how long one measurement takes")
	flag.DurationVar(&o.idle, "idle", time.Minute, "after what time the memory of an idle server is read")
	flag.StringVar(&o.out, "out", filepath.Join("bench", "results"), "the folder for the results")
	flag.IntVar(&o.texts, "texts", 100, "how many texts are searched for")
	flag.IntVar(&o.sample, "sample", 50, "how many answers of a work are compared with the yardstick's")
	short := flag.Bool("short", false, "10,000 products, one round, 1 second each, no import, no rebuild: for a first impression")
	flag.Parse()
	if *short {
		*sizes, o.rounds, o.seconds, o.idle = "10000", 1, 1, 5*time.Second
	}
	if *short && *works == "" {
		*works = allWorks()
	}
	for size := range strings.SplitSeq(*sizes, ",") {
		products, err := strconv.Atoi(size)
		if err != nil || products < 1 {
			return o, fmt.Errorf("%q is no number of products", size)
		}
		o.sizes = append(o.sizes, products)
	}
	if *works != "" {
		o.works = strings.Split(*works, ",")
	}
	return o, nil
}

// allWorks names those that are asked for by requests.
func allWorks() string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return strings.Join(names, ",")
}

// run measures all sizes. Each is measured as a whole before the next, so that its rows and documents are in memory.
func run(ctx context.Context, o options, log io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	folder, err := os.MkdirTemp("", "bench-speed")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	s, err := openServices()
	if err != nil {
		return err
	}
	p, err := buildPrograms(ctx, folder)
	if err != nil {
		return err
	}
	r := newResults(o)
	for _, products := range o.sizes {
		if err := s.prepare(ctx, products); err != nil {
			return err
		}
		b, err := s.open(ctx, p, databaseOf(products), o, log)
		if err != nil {
			return err
		}
		if err := checkCatalogue(ctx, b.db, products); err != nil {
			return err
		}
		if err := b.measureAll(ctx, folder, r); err != nil {
			return err
		}
		b.close()
	}
	return r.write(o.out, os.Stdout)
}

func (s *services) open(ctx context.Context, p programs, database string, o options, log io.Writer) (*bench, error) {
	opened, err := s.openShop(ctx, p, database, o.texts)
	if err != nil {
		return nil, err
	}
	return &bench{shop: opened, options: o, log: log}, nil
}

// measureAll measures a shop from its index on.
func (b *bench) measureAll(ctx context.Context, folder string, r *results) error {
	if err := b.keepIndex(ctx); err != nil {
		return err
	}
	if err := settle(ctx, b.db); err != nil {
		return err
	}
	defer func() { _ = b.services.forgetJobs(context.WithoutCancel(ctx), b.database) }()
	if err := b.run(ctx); err != nil {
		return err
	}
	writings, err := b.measureWriting(ctx, folder)
	r.Measurements = append(r.Measurements, b.measurements...)
	r.Writings = append(r.Writings, writings...)
	return err
}

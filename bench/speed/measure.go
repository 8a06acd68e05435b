package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"ecoseller/bench/program"
)

// measurement is what was seen of one side, in one round.
type measurement struct {
	Products int
	Work     string
	Side     string
	// Mode is the number of clients, or "rate" for a fixed rate.
	Mode  string
	Round int

	Requests, Failed, Degraded int
	Seconds                    float64
	// Rate is in requests a second, the latencies in milliseconds.
	Rate, P50, P99 float64
	// ServerCPU and PostgresCPU are in milliseconds a request.
	ServerCPU, PostgresCPU float64
	Allocations            float64
	// PeakMemory is in megabytes.
	PeakMemory float64
	// LoadShare is the part of all processors that generating the load took.
	LoadShare float64
}

// modes are the closed loops; the fixed rate follows them.
var modes = []int{1, 8, 32}

const modeRate = "rate"

// bench measures one shop.
type bench struct {
	*shop
	options options
	log     io.Writer
	// scrape is what reading the metrics allocates itself.
	scrape float64

	measurements []*measurement
}

// run measures the works that were asked for: first all uncached ones, then, with another server that is set up as by
// default, those of which something is cached.
func (b *bench) run(ctx context.Context) error {
	searches, err := b.bareSearches(ctx, b.wanted(true))
	if err != nil {
		return err
	}
	yardstick, err := program.Start(ctx, b.programs.yardstick, b.environment())
	if err != nil {
		return fmt.Errorf("start yardstick: %w", err)
	}
	defer yardstick.Stop()
	if err := b.runWorks(ctx, b.wanted(false), yardstick, nil, cacheOff); err != nil {
		return err
	}
	return b.runWorks(ctx, b.wanted(true), yardstick, searches)
}

func (b *bench) wanted(cached bool) (works []*work) {
	for _, w := range b.works {
		if w.cached == cached && b.options.wants(w.name) && (b.elastic != "" || !w.search) {
			works = append(works, w)
		}
	}
	return works
}

func (b *bench) runWorks(ctx context.Context, works []*work, yardstick *program.Server, searches map[*work]*side, environment ...string) error {
	if len(works) == 0 {
		return nil
	}
	s, err := b.startServer(ctx, environment...)
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := b.measureScrape(ctx, s.metrics); err != nil {
		return err
	}
	for round := range b.options.rounds {
		for _, w := range works {
			ours, other := b.serverSide(s, w), searches[w]
			if len(w.yardstick) > 0 {
				other = yardstickSide(yardstick, w)
			}
			if round == 0 {
				if err := b.begin(ctx, w, ours, other); err != nil {
					return err
				}
			}
			if err := b.measureInTurns(ctx, w, round, ours, other); err != nil {
				return err
			}
		}
	}
	return nil
}

// begin compares what is comparable, and asks for a while what is not counted.
func (b *bench) begin(ctx context.Context, w *work, ours, other *side) error {
	if len(w.yardstick) > 0 {
		if err := compare(ctx, w, b.options.sample, ours, other); err != nil {
			return err
		}
	}
	for _, s := range []*side{ours, other} {
		if s == nil {
			continue
		}
		if _, err := closedLoop(ctx, &s.target, 8, b.options.duration()/2); err != nil {
			return err
		}
	}
	return nil
}

// measureInTurns measures both sides under the same load right after each other, so that whatever else the machine
// does meets both; who comes first changes with each round.
func (b *bench) measureInTurns(ctx context.Context, w *work, round int, ours, other *side) error {
	sides := []*side{ours}
	if other != nil {
		sides = append(sides, other)
	}
	if round%2 == 1 && other != nil {
		sides[0], sides[1] = other, ours
	}
	slowest := 0.0
	for _, clients := range modes {
		for _, s := range sides {
			m, err := b.measure(ctx, w, s, fmt.Sprint(clients), round, func() (*outcome, error) {
				return closedLoop(ctx, &s.target, clients, b.options.duration())
			})
			if err != nil {
				return err
			}
			if clients == 8 && (slowest == 0 || m.Rate < slowest) {
				slowest = m.Rate
			}
		}
	}
	// Half of what the slower side can do: both have room, and the same load.
	for _, s := range sides {
		_, err := b.measure(ctx, w, s, modeRate, round, func() (*outcome, error) {
			return openLoop(ctx, &s.target, slowest/2, b.options.duration())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) measure(ctx context.Context, w *work, s *side, mode string, round int, load func() (*outcome, error)) (*measurement, error) {
	before, err := b.used(ctx, s)
	if err != nil {
		return nil, err
	}
	forgetPeak(s.process)
	seen, err := load()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.title, err)
	}
	after, err := b.used(ctx, s)
	if err != nil {
		return nil, err
	}
	requests := float64(len(seen.latencies))
	m := &measurement{
		Products: b.products, Work: w.name, Side: s.name, Mode: mode, Round: round + 1,
		Requests: len(seen.latencies), Failed: seen.failed, Degraded: seen.degraded, Seconds: seen.took.Seconds(),
		Rate: seen.rate(), P50: milliseconds(seen.latency(0.5)), P99: milliseconds(seen.latency(0.99)),
		ServerCPU:   milliseconds(after.process-before.process) / requests,
		PostgresCPU: milliseconds(between(before.postgres, after.postgres)) / requests,
		Allocations: max(after.allocations-before.allocations-b.scrape, 0) / requests,
		PeakMemory:  memory(s.process, "VmHWM"),
		LoadShare:   (after.own - before.own).Seconds() / seen.took.Seconds() / float64(runtime.NumCPU()),
	}
	b.measurements = append(b.measurements, m)
	_, _ = fmt.Fprintf(b.log, "%7d products  %-16s %-13s %4s  %8.0f/s  p50 %8.2f ms  p99 %8.2f ms  CPU %6.2f + %6.2f ms\n",
		m.Products, m.Work, m.Side, m.Mode, m.Rate, m.P50, m.P99, m.ServerCPU, m.PostgresCPU)
	if seen.failed > 0 {
		return nil, fmt.Errorf("%s: %d of %d answers of the %s have errors: %s", w.title, seen.failed, m.Requests, s.name, seen.failure)
	}
	return m, nil
}

// usage is what counters say at a moment.
type usage struct {
	process, own time.Duration
	postgres     map[int]time.Duration
	allocations  float64
}

func (b *bench) used(ctx context.Context, s *side) (u usage, err error) {
	if u.postgres, err = postgresTime(ctx, b.services.admin, b.database); err != nil {
		return u, err
	}
	if s.metrics != "" {
		if u.allocations, err = allocations(ctx, s.metrics); err != nil {
			return u, err
		}
	}
	if s.process != 0 {
		u.process = processorTime(s.process)
	}
	u.own = ownTime()
	return u, nil
}

// measureScrape says what reading the metrics allocates; the first reading prepares more than later ones.
func (b *bench) measureScrape(ctx context.Context, metrics string) error {
	var readings [3]float64
	for i := range readings {
		count, err := allocations(ctx, metrics)
		if err != nil {
			return err
		}
		readings[i] = count
	}
	b.scrape = readings[2] - readings[1]
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

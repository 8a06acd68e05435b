// Command jobs measures the job layer beside bare gocraft/work on the same Redis and River on the same PostgreSQL, in
// one run, and prints a table in Markdown. The services are those of the environment; everything it makes in them is
// removed again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// victimEnv makes the program a worker that is to be killed; it names the contestant.
const victimEnv = "BENCH_JOBS_VICTIM"

// contestant is a job system. Its jobs carry a payload of 1 KB and do nothing.
type contestant interface {
	name() string
	// enqueue enqueues jobs one by one, each durable before the next.
	enqueue(ctx context.Context, n int) error
	// enqueueBulk enqueues jobs as fast as it can.
	enqueueBulk(ctx context.Context, n int) error
	// work runs a worker that calls do for each job. stop returns when what it has run is written down.
	work(concurrency int, do func()) (stop func(), err error)
	// empty removes all jobs.
	empty(ctx context.Context) error
	close()
}

type settings struct {
	jobs    int
	seconds time.Duration
	pickUps int
}

func main() {
	s := settings{}
	only := flag.String("only", "", "names of contestants, separated by semicolons; all by default")
	profile := flag.String("profile", "", "write a CPU profile of our own processing into this file")
	flag.IntVar(&s.jobs, "jobs", 20_000, "how many jobs are processed")
	flag.DurationVar(&s.seconds, "for", 3*time.Second, "how long jobs are enqueued one by one")
	flag.IntVar(&s.pickUps, "pickups", 200, "how many jobs are given to an idle worker")
	recovery := flag.Bool("recovery", true, "measure the recovery after SIGKILL, which takes up to a minute")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s, *only, *profile, *recovery); err != nil {
		fmt.Fprintln(os.Stderr, "jobs:", err)
		os.Exit(1)
	}
}

// makers make the contestants, each with a database or a namespace of its own.
var makers = []struct {
	name string
	make func(ctx context.Context, name string) (contestant, error)
}{
	{"ecoseller", newOurs},
	{"ecoseller without Redis", newOurs},
	{"gocraft/work", newGocraft},
	{"River", newRiver},
	{"River, 1 ms fetches", newRiver},
}

func run(ctx context.Context, s settings, only, profile string, recovery bool) error {
	if name := os.Getenv(victimEnv); name != "" {
		return beVictim(name)
	}
	if err := printCircumstances(ctx); err != nil {
		return err
	}
	fmt.Println("| | enqueue, 1 producer | 8 producers | in bulk | process, 10 workers | 50 workers | pick-up p50 | p99 | recovery after SIGKILL |")
	fmt.Println("| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
	for _, maker := range makers {
		if only != "" && !slices.Contains(strings.Split(only, ";"), maker.name) {
			continue
		}
		c, err := maker.make(ctx, maker.name)
		if err != nil {
			return fmt.Errorf("%s: %w", maker.name, err)
		}
		cells, err := measure(ctx, c, s, profile, recovery)
		c.close()
		if err != nil {
			return fmt.Errorf("%s: %w", maker.name, err)
		}
		fmt.Printf("| %s | %s |\n", maker.name, strings.Join(cells, " | "))
	}
	return nil
}

func measure(ctx context.Context, c contestant, s settings, profile string, recovery bool) ([]string, error) {
	var cells []string
	perSecond := func(rate float64) { cells = append(cells, fmt.Sprintf("%.0f/s", rate)) }
	for _, producers := range []int{1, 8} {
		rate, err := enqueueRate(ctx, c, producers, s.seconds)
		if err != nil {
			return nil, err
		}
		perSecond(rate)
	}
	if err := c.empty(ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := c.enqueueBulk(ctx, s.jobs); err != nil {
		return nil, err
	}
	perSecond(float64(s.jobs) / time.Since(began).Seconds())
	for _, workers := range []int{10, 50} {
		rate, err := processRate(ctx, c, workers, s.jobs, profile)
		if err != nil {
			return nil, err
		}
		perSecond(rate)
	}
	waits, err := pickUps(ctx, c, s.pickUps)
	if err != nil {
		return nil, err
	}
	for _, wait := range []time.Duration{waits[len(waits)/2], waits[len(waits)*99/100]} {
		cells = append(cells, wait.Round(100*time.Microsecond).String())
	}
	if !recovery {
		return append(cells, "–"), nil
	}
	recovered, err := recoveryTime(ctx, c)
	return append(cells, recovered), err
}

func enqueueRate(ctx context.Context, c contestant, producers int, lasting time.Duration) (float64, error) {
	if err := c.empty(ctx); err != nil {
		return 0, err
	}
	var enqueued atomic.Int64
	var producing sync.WaitGroup
	failed := make(chan error, producers)
	began := time.Now()
	for range producers {
		producing.Go(func() {
			for time.Since(began) < lasting {
				if err := c.enqueue(ctx, 10); err != nil {
					failed <- err
					return
				}
				enqueued.Add(10)
			}
		})
	}
	producing.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
	}
	return float64(enqueued.Load()) / time.Since(began).Seconds(), nil
}

// longestRun is when a measurement ends though not all jobs are done.
const longestRun = 10 * time.Second

// processRate is how many jobs are done in a second, from the start of the worker until all are written down as done.
func processRate(ctx context.Context, c contestant, workers, jobs int, profile string) (float64, error) {
	if err := c.empty(ctx); err != nil {
		return 0, err
	}
	if err := c.enqueueBulk(ctx, jobs); err != nil {
		return 0, err
	}
	var done atomic.Int64
	all := make(chan struct{})
	stopProfile, err := startProfile(profile, c)
	if err != nil {
		return 0, err
	}
	defer stopProfile()
	began := time.Now()
	stop, err := c.work(workers, func() {
		if done.Add(1) == int64(jobs) {
			close(all)
		}
	})
	if err != nil {
		return 0, err
	}
	select {
	case <-all:
	case <-time.After(longestRun):
	case <-ctx.Done():
	}
	stop()
	return float64(done.Load()) / time.Since(began).Seconds(), ctx.Err()
}

// pickUps returns how long each of some jobs waited for a worker that had nothing to do, in order.
func pickUps(ctx context.Context, c contestant, n int) ([]time.Duration, error) {
	if err := c.empty(ctx); err != nil {
		return nil, err
	}
	began := make(chan time.Time, 1)
	stop, err := c.work(10, func() { began <- time.Now() })
	if err != nil {
		return nil, err
	}
	defer stop()
	time.Sleep(time.Second)
	var waits []time.Duration
	for range n {
		if err := c.enqueue(ctx, 1); err != nil {
			return nil, err
		}
		enqueued := time.Now()
		select {
		case t := <-began:
			waits = append(waits, max(t.Sub(enqueued), 0))
		case <-time.After(30 * time.Second):
			return nil, errors.New("a job is not picked up")
		}
		time.Sleep(20 * time.Millisecond)
	}
	slices.Sort(waits)
	return waits, nil
}

// patience is how long a recovery is waited for.
const patience = time.Minute

// recoveryTime kills a process that runs a job, and measures how long it takes until another one begins it anew.
func recoveryTime(ctx context.Context, c contestant) (string, error) {
	if err := c.empty(ctx); err != nil {
		return "", err
	}
	victim, err := startVictim(c)
	if err != nil {
		return "", err
	}
	if err := c.enqueue(ctx, 1); err != nil {
		return "", err
	}
	if err := victim.awaitJob(); err != nil {
		return "", err
	}
	killed := time.Now()
	_ = victim.process.Process.Kill()
	_ = victim.process.Wait()
	began := make(chan struct{}, 10)
	stop, err := c.work(1, func() { began <- struct{}{} })
	if err != nil {
		return "", err
	}
	defer stop()
	select {
	case <-began:
		return fmt.Sprintf("%.1f s", time.Since(killed).Seconds()), nil
	case <-time.After(patience):
		return fmt.Sprintf("> %.0f s", patience.Seconds()), nil
	}
}

type victim struct {
	process *exec.Cmd
	began   chan error
}

// startVictim runs a worker in a process of its own.
func startVictim(c contestant) (*victim, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	v := &victim{process: exec.Command(executable), began: make(chan error, 1)}
	v.process.Env = append(os.Environ(), victimEnv+"="+c.name())
	v.process.Stderr = os.Stderr
	out, err := v.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := v.process.Start(); err != nil {
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	go func() {
		_, err := out.Read(make([]byte, 1))
		v.began <- err
	}()
	return v, nil
}

func (v *victim) awaitJob() error {
	select {
	case err := <-v.began:
		return err
	case <-time.After(30 * time.Second):
		return errors.New("the worker that is to be killed gets no job")
	}
}

// beVictim says that a job has begun, and goes on with it until it is killed.
func beVictim(name string) error {
	c, err := reopen(name)
	if err != nil {
		return err
	}
	_, err = c.work(1, func() {
		fmt.Print("!")
		select {}
	})
	if err != nil {
		return err
	}
	select {}
}

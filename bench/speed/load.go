package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// exchange is what a client sends to get one answer: one request, or those that a search consists of.
type exchange [][]byte

// target is a process that is asked, and what it may be asked; each time one is chosen at random.
type target struct {
	name      string
	address   string
	exchanges []exchange
}

// outcome is what one measurement has seen from outside.
type outcome struct {
	latencies []time.Duration
	took      time.Duration
	// failed are answers with errors; degraded are searches that PostgreSQL has answered.
	failed, degraded int
	failure          string
}

// latency is a quantile; the latencies are sorted.
func (o *outcome) latency(q float64) time.Duration {
	if len(o.latencies) == 0 {
		return 0
	}
	return o.latencies[int(q*float64(len(o.latencies)-1))]
}

func (o *outcome) rate() float64 { return float64(len(o.latencies)) / o.took.Seconds() }

func (o *outcome) add(other *outcome) {
	o.latencies = append(o.latencies, other.latencies...)
	o.failed += other.failed
	o.degraded += other.degraded
	if o.failure == "" {
		o.failure = other.failure
	}
}

// closedLoop has so many clients, each of which asks again as soon as it has its answer.
func closedLoop(ctx context.Context, t *target, clients int, duration time.Duration) (*outcome, error) {
	return drive(ctx, t, clients, func(started time.Time) (time.Time, bool) {
		now := time.Now()
		return now, now.Sub(started) < duration
	})
}

// openLoop asks at a fixed rate, whether or not answers come. Latencies count from when a request was to be sent, so
// that a server that stalls is charged for all who wait.
func openLoop(ctx context.Context, t *target, rate float64, duration time.Duration) (*outcome, error) {
	const clients = 64
	var next atomic.Int64
	interval := time.Duration(float64(time.Second) / rate)
	return drive(ctx, t, clients, func(started time.Time) (time.Time, bool) {
		after := time.Duration(next.Add(1)-1) * interval
		if after >= duration {
			return time.Time{}, false
		}
		intended := started.Add(after)
		time.Sleep(time.Until(intended))
		return intended, true
	})
}

// drive runs the clients, each as long as begin tells it from when the next request counts.
func drive(ctx context.Context, t *target, clients int, begin func(started time.Time) (time.Time, bool)) (*outcome, error) {
	connections := make([]*client, clients)
	for i := range connections {
		c, err := dial(ctx, t.address)
		if err != nil {
			return nil, fmt.Errorf("drive %s: %w", t.name, err)
		}
		defer c.close()
		connections[i] = c
	}
	outcomes := make([]outcome, clients)
	started := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for i, c := range connections {
		group.Go(func() error {
			for ctx.Err() == nil {
				from, more := begin(started)
				if !more {
					return nil
				}
				e := t.exchanges[rand.IntN(len(t.exchanges))]
				if err := outcomes[i].ask(c, e); err != nil {
					return fmt.Errorf("drive %s: %w", t.name, err)
				}
				outcomes[i].latencies = append(outcomes[i].latencies, time.Since(from))
			}
			return ctx.Err() //nolint:wrapcheck // somebody else has the reason
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	whole := &outcome{took: time.Since(started)}
	for i := range outcomes {
		whole.add(&outcomes[i])
	}
	slices.Sort(whole.latencies)
	return whole, nil
}

func (o *outcome) ask(c *client, e exchange) error {
	for _, request := range e {
		status, body, err := c.do(request)
		if err != nil {
			return err
		}
		if status != http.StatusOK || bytes.Contains(body, []byte(`"errors":[`)) {
			o.failed++
			o.failure = fmt.Sprintf("%d: %.300s", status, body)
		}
		if bytes.Contains(body, []byte(`"engine":"POSTGRES"`)) {
			o.degraded++
		}
	}
	return nil
}

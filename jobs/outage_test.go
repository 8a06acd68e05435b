package jobs_test

import (
	"context"
	"net"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/models"
	"ecoseller/store/storetest"
)

// redisProcess is a Redis of the test's own, to be flushed and restarted.
type redisProcess struct {
	t       *testing.T
	address string
	command *exec.Cmd
}

func newRedisProcess(t *testing.T) *redisProcess {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed")
	}
	p := &redisProcess{t: t, address: refusingAddress(t)}
	p.start()
	t.Cleanup(p.stop)
	return p
}

func (p *redisProcess) start() {
	p.t.Helper()
	_, port, _ := net.SplitHostPort(p.address)
	p.command = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", p.t.TempDir())
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for p.do("PING") != nil {
		if time.Now().After(deadline) {
			p.t.Fatal("Redis does not start")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (p *redisProcess) stop() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

func (p *redisProcess) do(command string) error {
	conn, err := redis.Dial("tcp", p.address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, err = conn.Do(command)
	return err
}

// tally counts how often each job is run.
type tally struct {
	mu   sync.Mutex
	runs map[uuid.UUID]int
}

func (b *bench) tally(takes time.Duration) *tally {
	counts := &tally{runs: map[uuid.UUID]int{}}
	b.handle(func(_ context.Context, job *models.Job) error {
		counts.mu.Lock()
		counts.runs[job.ID]++
		counts.mu.Unlock()
		time.Sleep(takes)
		return nil
	})
	return counts
}

// once fails the test unless each job is done, in one run.
func (c *tally) once(b *bench, ids []uuid.UUID) {
	b.t.Helper()
	for _, id := range ids {
		if job := b.awaitState(id, models.JobSucceeded); job.Attempts != 1 {
			b.t.Errorf("job %s took %d attempts", id, job.Attempts)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		if n := c.runs[id]; n != 1 {
			b.t.Errorf("job %s was run %d times", id, n)
		}
	}
}

// TestFlushedAndRestartedRedis flushes and restarts a real Redis between two workers and their jobs.
func TestFlushedAndRestartedRedis(t *testing.T) {
	t.Parallel()
	server := newRedisProcess(t)
	b := &bench{t: t}
	b.queue = newQueueAt(t, server.address)
	b.open(b.queue)
	counts := b.tally(5 * time.Millisecond)
	ids := b.enqueue(50)
	time.Sleep(50 * time.Millisecond)
	flush := func() {
		if err := server.do("FLUSHALL"); err != nil {
			t.Fatal(err)
		}
	}
	flush()
	b.work()
	b.work()
	for range 5 {
		ids = append(ids, b.enqueue(10)...)
		flush()
	}
	server.stop()
	ids = append(ids, b.enqueue(20)...) // nobody waits for Redis
	counts.once(b, ids)
	ids = append(ids, b.enqueue(20)...)
	server.start()
	ids = append(ids, b.enqueue(20)...)
	counts.once(b, ids)
}

// TestPostgresGoesAway breaks all connections while jobs run, and takes no new ones for a while, as a restart does. What
// has been done is not done again, because the claims outlive that.
func TestPostgresGoesAway(t *testing.T) {
	eachTransport(t, func(_ *testing.T, b *bench) {
		counts := b.tally(20 * time.Millisecond)
		ids := b.enqueue(150)
		b.work()
		b.work()
		for range 2 {
			time.Sleep(150 * time.Millisecond)
			b.restartPostgres(700 * time.Millisecond)
		}
		counts.once(b, ids)
	})
}

// restartPostgres does to this database what a restart of the server does.
func (b *bench) restartPostgres(away time.Duration) {
	b.t.Helper()
	ctx := context.Background()
	var name string
	if err := b.pool.NewRaw("SELECT current_database()").Scan(ctx, &name); err != nil {
		b.t.Fatal(err)
	}
	admin := storetest.Admin(b.t)
	allow := func(allowed bool) {
		if _, err := admin.ExecContext(ctx, "ALTER DATABASE ? ALLOW_CONNECTIONS ?", bun.Ident(name), allowed); err != nil {
			b.t.Fatal(err)
		}
	}
	allow(false)
	if _, err := admin.ExecContext(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ?", name); err != nil {
		b.t.Fatal(err)
	}
	time.Sleep(away)
	allow(true)
}

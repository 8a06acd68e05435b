package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"ecoseller/embedded"
	"ecoseller/store/storetest"
)

const (
	chaosMails   = 2000
	chaosTime    = 24 * time.Second // over which the mails are asked for
	chaosWorkers = 2
	// chaosLatency is about how long the mail server thinks about a recipient.
	chaosLatency = 40 * time.Millisecond
	// killedSoon is how soon after the server's yes a process must have been killed for a second copy to be excused.
	killedSoon = time.Second
)

// TestNoMailIsLost asks for 2,000 mails while workers are killed, Redis is restarted and flushed, PostgreSQL is
// restarted and crashes, and the mail server fails at random. All of them have to arrive, and no more of them twice
// than processes were killed.
func TestNoMailIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	c := newChaos(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()

	var asking, breaking sync.WaitGroup
	for producer := range 8 {
		asking.Go(func() { c.askForMails(ctx, producer, 8) })
	}
	breaking.Go(func() { c.killWorkers(ctx) })
	breaking.Go(func() { c.breakServices(ctx) })
	asking.Wait()
	breaking.Wait()
	c.catcher.calm.Store(true)
	for c.count(t, "SENT") < chaosMails && ctx.Err() == nil {
		time.Sleep(200 * time.Millisecond)
	}
	if ctx.Err() != nil {
		c.report(t)
	}
	lost, doubles, unexplained := c.catcher.tally(c.kills)
	t.Logf("%d mails, %d lost, %d doubles, %d kills; the mail server failed %s", chaosMails, lost, doubles, len(c.kills), c.catcher.failures())
	if lost > 0 || doubles > len(c.kills) || unexplained > 0 {
		c.explain(t)
		t.Errorf("lost %d, doubles %d with %d kills, %d of them without a kill", lost, doubles, len(c.kills), unexplained)
	}
}

// chaos is a shop with services of its own, which may be broken.
type chaos struct {
	t           *testing.T
	environment []string
	folder      string
	postgres    *embedded.Postgres
	redis       *privateRedis
	catcher     *chaosCatcher
	shop        api
	mu          sync.Mutex
	workers     []*process
	kills       []time.Time
}

func newChaos(t *testing.T) *chaos {
	t.Helper()
	c := &chaos{t: t, folder: openFolder(t), redis: startPrivateRedis(t), catcher: startChaosCatcher(t)}
	c.startPostgres()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = c.postgres.Stop(ctx)
	})
	mailHost, mailPort, _ := net.SplitHostPort(c.catcher.address)
	c.environment = []string{
		"POSTGRES_HOST=" + filepath.Dir(c.postgres.SocketPath()), "POSTGRES_DB=" + embedded.PostgresDatabase, "POSTGRES_USER=" + embedded.PostgresUser,
		"REDIS_QUEUE_LOCATION=" + c.redis.address, "EMAIL_HOST=" + mailHost, "EMAIL_PORT=" + mailPort, "EMAIL_LIMIT_PER_CALLER=0", "WORKER_CONCURRENCY=5", "LOG_LEVEL=error",
	}
	// Only the log of its start is needed.
	_, c.shop = serverOn(t, append(c.environment, "LOG_LEVEL=info"))
	c.shop.token = runProgram(t, c.environment, "create-token", "-permissions", "email:send")
	for range chaosWorkers {
		c.workers = append(c.workers, start(t, c.environment, "-worker"))
	}
	return c
}

func (c *chaos) startPostgres() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := embedded.StartPostgres(ctx, embedded.PostgresOptions{Folder: filepath.Join(c.folder, "postgres")})
	if err != nil {
		c.t.Errorf("start PostgreSQL: %v", err)
		return
	}
	c.postgres = server
}

// askForMails asks for its share of the mails, each until it is accepted: the idempotency key makes sure that asking
// again is not asking twice.
func (c *chaos) askForMails(ctx context.Context, producer, producers int) {
	pause := chaosTime * time.Duration(producers) / chaosMails
	for n := producer; n < chaosMails; n += producers {
		next := time.Now().Add(pause)
		for !c.ask(ctx, n) && ctx.Err() == nil {
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Until(next))
	}
}

// ask says whether a mail was accepted.
func (c *chaos) ask(ctx context.Context, n int) bool {
	body, err := json.Marshal(map[string]any{
		"query": `mutation($input: SendEmailInput!) { sendEmail(input: $input) { email { id } userErrors { message } } }`,
		"variables": map[string]any{"input": map[string]any{
			"to": []string{fmt.Sprintf("customer-%d@example.com", n)}, "subject": "Mail " + strconv.Itoa(n), "text": "Hello", "html": "<p>Hello</p>",
			"idempotencyKey": "mail-" + strconv.Itoa(n),
		}},
	})
	if err != nil {
		c.t.Error(err)
		return true
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.shop.address+"/graphql", bytes.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return true
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.shop.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Data struct {
			SendEmail *struct {
				Email      *struct{ ID string }
				UserErrors []struct{ Message string }
			}
		}
	}
	if json.NewDecoder(response.Body).Decode(&answer) != nil || answer.Data.SendEmail == nil {
		return false
	}
	if answer.Data.SendEmail.Email == nil {
		c.t.Errorf("mail %d is refused: %+v", n, answer.Data.SendEmail.UserErrors)
	}
	return true
}

// killWorkers kills one worker after the other and starts another in its place.
func (c *chaos) killWorkers(ctx context.Context) {
	for n := range 7 {
		sleep(ctx, 3*time.Second)
		// The restart of PostgreSQL is for restarts: a worker that dies then has more that it could not write down.
		c.mu.Lock()
		c.kills = append(c.kills, time.Now())
		c.workers[n%chaosWorkers].end(c.t, syscall.SIGKILL)
		c.workers[n%chaosWorkers] = start(c.t, c.environment, "-worker")
		c.mu.Unlock()
	}
}

// breakServices stops, crashes and empties what the shop stands on.
func (c *chaos) breakServices(ctx context.Context) {
	sleep(ctx, 2*time.Second)
	c.redis.stop()
	sleep(ctx, 2*time.Second)
	c.redis.start(c.t)
	sleep(ctx, 2*time.Second)
	c.redis.flush(c.t)
	sleep(ctx, time.Second)
	c.restartPostgres(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		return c.postgres.Stop(ctx)
	})
	sleep(ctx, 4*time.Second)
	c.redis.flush(c.t)
	sleep(ctx, 2*time.Second)
	c.restartPostgres(c.crashPostgres)
	sleep(ctx, 2*time.Second)
	c.redis.stop()
	c.redis.start(c.t)
}

// restartPostgres keeps workers alive meanwhile: they have to write down what the mail server said.
func (c *chaos) restartPostgres(stop func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := stop(); err != nil {
		c.t.Errorf("stop PostgreSQL: %v", err)
	}
	c.startPostgres()
	time.Sleep(time.Second)
}

// crashPostgres makes it end at once, without a checkpoint.
func (c *chaos) crashPostgres() error {
	note, err := os.ReadFile(filepath.Join(c.folder, "postgres", "postgres", "data", "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(note), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return err
	}
	c.kills = append(c.kills, time.Now())
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_ = c.postgres.Stop(ctx) // it has ended already; this lets go of the folder
	return nil
}

// report says what became of the mails that were not sent.
func (c *chaos) report(t *testing.T) {
	t.Helper()
	for _, state := range []string{"QUEUED", "SENDING", "RETRYING", "SENT", "FAILED"} {
		t.Errorf("%s: %d", state, c.count(t, state))
	}
	var data any
	c.shop.ask(t, &data, `{ retrying: emails(filter: {state: RETRYING}, first: 3) { nodes { attempts lastError } } failed: emails(filter: {state: FAILED}, first: 3) { nodes { attempts lastError } }
		queued: emails(filter: {state: QUEUED}, first: 3) { nodes { attempts to events { state createdAt } } } }`, nil)
	t.Errorf("%+v", data)
}

// explain tells of each double when its copies arrived and what the books say.
func (c *chaos) explain(t *testing.T) {
	t.Helper()
	c.catcher.mu.Lock()
	defer c.catcher.mu.Unlock()
	for i, at := range c.kills {
		t.Logf("kill %d at %s", i, at.Format(clock))
	}
	for to, times := range c.catcher.times {
		if len(times) < 2 {
			continue
		}
		var data struct {
			Emails struct {
				Nodes []struct {
					Events []struct {
						State     string
						Attempt   int
						CreatedAt time.Time
						Reason    string
					}
				}
			}
		}
		c.shop.ask(t, &data, `query($to: String) { emails(filter: {recipient: $to}) { nodes { events { state attempt createdAt reason } } } }`, map[string]any{"to": to})
		story := ""
		for _, e := range data.Emails.Nodes[0].Events {
			story += fmt.Sprintf(" %s %d %s %s;", e.CreatedAt.Format(clock), e.Attempt, e.State, e.Reason)
		}
		for _, at := range times {
			story += " arrived " + at.Format(clock)
		}
		t.Logf("%s:%s", to, story)
	}
}

const clock = "05.000"

func (c *chaos) count(t *testing.T, state string) int {
	t.Helper()
	var data struct{ Emails struct{ TotalCount int } }
	c.shop.ask(t, &data, `query($s: EmailMessageState) { emails(filter: {state: $s}, first: 1) { totalCount } }`, map[string]any{"s": state})
	return data.Emails.TotalCount
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// privateRedis is a Redis that only this test uses.
type privateRedis struct {
	address string
	command *exec.Cmd
	ended   chan struct{}
}

func startPrivateRedis(t *testing.T) *privateRedis {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		storetest.Unavailable(t, "redis-server is not installed")
	}
	r := &privateRedis{address: "127.0.0.1:" + strconv.Itoa(freePort(t))}
	r.start(t)
	t.Cleanup(r.stop)
	return r
}

func (r *privateRedis) start(t *testing.T) {
	_, port, _ := net.SplitHostPort(r.address)
	r.command = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	r.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := r.command.Start(); err != nil {
		t.Errorf("start Redis: %v", err)
		return
	}
	ended := make(chan struct{})
	r.ended = ended
	go func(command *exec.Cmd) {
		_ = command.Wait()
		close(ended)
	}(r.command)
	for range 200 {
		if conn, err := net.Dial("tcp", r.address); err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("Redis does not answer")
}

func (r *privateRedis) stop() {
	_ = r.command.Process.Kill()
	<-r.ended
}

func (r *privateRedis) flush(t *testing.T) {
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Errorf("flush Redis: %v", err)
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = conn.Write([]byte("FLUSHALL\r\n"))
	answer := make([]byte, 5)
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "+OK\r\n" {
		t.Errorf("flush Redis: %q %v", answer, err)
	}
}

// chaosCatcher is a mail server that fails at random, but each mail at most twice, so that pauses stay short.
// It never fails after it has taken a mail, and takes it as soon as it has it (RFC 1047): a client that loses the
// answer has to send the mail again. It takes its time before.
type chaosCatcher struct {
	address string
	server  *smtp.Server
	calm    atomic.Bool

	mu     sync.Mutex
	random *rand.Rand
	failed map[string]int
	kinds  map[string]int
	taken  map[string]int
	times  map[string][]time.Time
	ids    map[string]string
}

func startChaosCatcher(t *testing.T) *chaosCatcher {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &chaosCatcher{
		address: listener.Addr().String(), random: rand.New(rand.NewPCG(6, 2026)),
		failed: map[string]int{}, kinds: map[string]int{}, taken: map[string]int{}, times: map[string][]time.Time{}, ids: map[string]string{},
	}
	c.server = smtp.NewServer(smtp.BackendFunc(func(conn *smtp.Conn) (smtp.Session, error) {
		return &chaosSession{catcher: c, conn: conn}, nil
	}))
	c.server.Domain = "localhost"
	c.server.ErrorLog = log.New(io.Discard, "", 0)
	go func() { _ = c.server.Serve(listener) }()
	t.Cleanup(func() { _ = c.server.Close() })
	return c
}

// mood decides how a stage of a mail goes: well, or one of the ways to fail.
func (c *chaosCatcher) mood(to string, ways ...string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calm.Load() || c.failed[to] >= 2 || c.random.Float64() > 0.05 {
		return ""
	}
	c.failed[to]++
	way := ways[c.random.IntN(len(ways))]
	c.kinds[way]++
	return way
}

func (c *chaosCatcher) latency() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return chaosLatency/2 + time.Duration(c.random.Int64N(int64(chaosLatency)))
}

func (c *chaosCatcher) failures() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	raw, _ := json.Marshal(c.kinds)
	return string(raw)
}

// tally counts the mails that did not arrive, the copies beyond the first, and those of them that no kill explains.
func (c *chaosCatcher) tally(kills []time.Time) (lost, doubles, unexplained int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := range chaosMails {
		to := fmt.Sprintf("customer-%d@example.com", n)
		copies := c.taken[to]
		if copies == 0 {
			lost++
		}
		if copies < 2 {
			continue
		}
		doubles += copies - 1
		first := c.times[to][0]
		killed := func(at time.Time) bool {
			return at.After(first.Add(-killedSoon/4)) && at.Before(first.Add(killedSoon))
		}
		if !slices.ContainsFunc(kills, killed) {
			unexplained++
		}
	}
	return lost, doubles, unexplained
}

type chaosSession struct {
	catcher *chaosCatcher
	conn    *smtp.Conn
	to      string
}

func (s *chaosSession) Mail(string, *smtp.MailOptions) error { return nil }

func (s *chaosSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	time.Sleep(s.catcher.latency())
	return s.fail(s.catcher.mood(to, "4xx to the recipient", "hung up at the recipient", "slow"))
}

func (s *chaosSession) Data(r io.Reader) error {
	if err := s.fail(s.catcher.mood(s.to, "hung up in the content")); err != nil {
		return err
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.fail(s.catcher.mood(s.to, "4xx to the content", "hung up before the answer")); err != nil {
		return err
	}
	_, id, _ := strings.Cut(string(content), "Message-ID: ")
	id, _, _ = strings.Cut(id, "\r\n")
	s.catcher.mu.Lock()
	defer s.catcher.mu.Unlock()
	if before, double := s.catcher.ids[s.to]; double && before != id {
		return &smtp.SMTPError{Code: 554, Message: "a copy with another Message-ID"}
	}
	s.catcher.ids[s.to] = id
	s.catcher.taken[s.to]++
	s.catcher.times[s.to] = append(s.catcher.times[s.to], time.Now())
	return nil
}

func (s *chaosSession) fail(way string) error {
	switch {
	case way == "":
		return nil
	case way == "slow":
		time.Sleep(time.Second)
		return nil
	case strings.HasPrefix(way, "4xx"):
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Come back later"}
	}
	_ = s.conn.Conn().Close()
	return errors.New(way)
}

func (s *chaosSession) Reset()        {}
func (s *chaosSession) Logout() error { return nil }

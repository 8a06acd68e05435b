// Command mail measures how many mails a second are accepted, and sent to an SMTP server in the same process that
// throws them away. It uses an empty database of its own on the PostgreSQL that the environment names.
//
//	go run ./bench/mail -mails 20000 -workers 20
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/uptrace/bun"

	"ecoseller/config"
	"ecoseller/jobs"
	"ecoseller/mail"
	"ecoseller/migrations"
	"ecoseller/models"
	"ecoseller/store"
)

const database = "bench_mail"

type options struct {
	mails, producers, workers int
	profile                   string
}

func main() {
	var o options
	flag.IntVar(&o.mails, "mails", 20_000, "how many mails")
	flag.IntVar(&o.producers, "producers", 8, "how many ask for mail at once")
	flag.IntVar(&o.workers, "workers", 20, "how many mails are sent at once")
	flag.StringVar(&o.profile, "profile", "", "file for a CPU profile of the sending")
	flag.Parse()
	if err := measure(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "mail:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, o options) error {
	db, drop, err := openDatabase(ctx)
	if err != nil {
		return err
	}
	defer drop()
	languages := models.Languages{Supported: []models.LanguageCode{"en", "cs", "sk"}, Fallback: []models.LanguageCode{"sk", "cs", "en"}}
	waker := jobs.NewWaker()
	s := store.New(db, languages, waker)
	fmt.Printf("%d order confirmations with HTML and text, %d CPUs for everything, %s\n", o.mails, runtime.NumCPU(), runtime.Version())
	if err := accept(ctx, s, languages, o); err != nil {
		return err
	}
	return send(ctx, s, waker, o)
}

// openDatabase makes an empty database and returns what drops it.
func openDatabase(ctx context.Context) (*bun.DB, func(), error) {
	cfg, err := config.FromEnvironment()
	if err != nil {
		return nil, nil, fmt.Errorf("read configuration: %w", err)
	}
	o := store.Options{
		Address: cfg.Postgres.Address(), Database: cfg.Postgres.Database, User: cfg.Postgres.User, Password: cfg.Postgres.Password,
		TLS: cfg.Postgres.TLS(), MaxConnections: 40,
	}
	admin := store.OpenDB(o)
	drop := func() {
		_, _ = admin.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE IF EXISTS "+database+" WITH (FORCE)")
	}
	drop()
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+database); err != nil {
		return nil, nil, fmt.Errorf("make database: %w", err)
	}
	o.Database = database
	db := store.OpenDB(o)
	closeAll := func() { _ = db.Close(); drop(); _ = admin.Close() }
	if _, err := migrations.Up(ctx, db); err != nil {
		closeAll()
		return nil, nil, fmt.Errorf("migrate: %w", err)
	}
	return db, closeAll, nil
}

// accept composes and writes down all mails, as the API does.
func accept(ctx context.Context, s *store.Store, languages models.Languages, o options) error {
	renderer, err := mail.NewRenderer(mail.Shop{Name: "Shop", URL: "https://shop.example"}, languages)
	if err != nil {
		return fmt.Errorf("read templates: %w", err)
	}
	composer := mail.NewComposer(renderer, mail.NewUnsubscriber([]byte("key"), "https://api.shop.example"), "shop.example")
	var next atomic.Int64
	var failure atomic.Value
	var producing sync.WaitGroup
	started := time.Now()
	for range o.producers {
		producing.Go(func() {
			for n := next.Add(1); n <= int64(o.mails) && failure.Load() == nil; n = next.Add(1) {
				to := mail.Delivery{To: []string{fmt.Sprintf("customer-%d@example.com", n)}, Language: languages.Supported[n%3]}
				m, problems, err := composer.Compose(to, "delivery", mail.Sample(models.EmailOrderConfirmation), "data")
				if err == nil && len(problems) == 0 {
					_, err = s.AcceptEmailMessage(ctx, m)
				}
				if err != nil || len(problems) > 0 {
					failure.Store(fmt.Errorf("accept mail: %w %w", err, problems.OrNil()))
				}
			}
		})
	}
	producing.Wait()
	if err, failed := failure.Load().(error); failed {
		return err
	}
	fmt.Printf("accepted by %d producers: %s\n", o.producers, rate(o.mails, time.Since(started)))
	return nil
}

// send has a worker send all mails.
func send(ctx context.Context, s *store.Store, waker *jobs.Waker, o options) error {
	sink, err := startSink(o.mails)
	if err != nil {
		return err
	}
	defer func() { _ = sink.server.Close() }()
	host, portText, _ := net.SplitHostPort(sink.address)
	port, _ := strconv.Atoi(portText)
	sender, err := mail.NewSender(mail.SMTPOptions{Host: host, Port: port, From: "Shop <shop@example.com>", Connections: o.workers})
	if err != nil {
		return fmt.Errorf("set up sender: %w", err)
	}
	defer sender.Close()
	if o.profile != "" {
		file, err := os.Create(o.profile)
		if err != nil {
			return fmt.Errorf("make profile: %w", err)
		}
		defer func() { _ = file.Close() }()
		if err := pprof.StartCPUProfile(file); err != nil {
			return fmt.Errorf("start profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	worker := jobs.NewWorker(s, jobs.NewHandlers(s, nil, sender), nil, jobs.Options{Concurrency: o.workers})
	worker.WakeBy(waker)
	working, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	started := time.Now()
	running.Go(func() { worker.Run(working) })
	<-sink.full
	took := time.Since(started)
	stop()
	running.Wait()
	fmt.Printf("sent by %d workers over %d connections: %s; %d bytes a mail\n", o.workers, sink.connections.Load(), rate(o.mails, took), sink.bytes.Load()/int64(o.mails))
	return nil
}

func rate(n int, took time.Duration) string {
	return fmt.Sprintf("%.0f mails/s (%s)", float64(n)/took.Seconds(), took.Round(time.Millisecond))
}

// sink is a mail server that counts mails and throws them away.
type sink struct {
	server             *smtp.Server
	address            string
	bytes, connections atomic.Int64
	left               atomic.Int64
	full               chan struct{}
}

func startSink(mails int) (*sink, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start mail server: %w", err)
	}
	s := &sink{address: listener.Addr().String(), full: make(chan struct{})}
	s.left.Store(int64(mails))
	s.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		s.connections.Add(1)
		return session{s}, nil
	}))
	s.server.Domain = "localhost"
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

type session struct{ sink *sink }

func (s session) Mail(string, *smtp.MailOptions) error { return nil }
func (s session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s session) Reset()                               {}
func (s session) Logout() error                        { return nil }

func (s session) Data(r io.Reader) error {
	n, err := io.Copy(io.Discard, r)
	s.sink.bytes.Add(n)
	if err == nil && s.sink.left.Add(-1) == 0 {
		close(s.sink.full)
	}
	return err
}

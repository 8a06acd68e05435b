package search_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// behaviour is how a proxy treats connections.
type behaviour int

const (
	forward behaviour = iota
	refuse            // closes them at once
	hang              // takes what is sent and never answers
	slow              // answers after proxy.delay
)

// proxy stands between an engine and Elasticsearch, and may misbehave.
type proxy struct {
	address string
	target  string

	mu        sync.Mutex
	behaviour behaviour
	delay     time.Duration
	open      map[net.Conn]bool
}

func newProxy(tb testing.TB, target string) *proxy {
	tb.Helper()
	u, err := url.Parse(target)
	if err != nil {
		tb.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &proxy{address: "http://" + listener.Addr().String(), target: u.Host, open: map[net.Conn]bool{}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	tb.Cleanup(func() {
		_ = listener.Close()
		p.cut()
	})
	return p
}

// behave changes how all connections are treated, those that are open as well.
func (p *proxy) behave(b behaviour, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.behaviour, p.delay = b, delay
}

func (p *proxy) now() (behaviour, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.behaviour, p.delay
}

// cut breaks all open connections, in the middle of whatever they carry.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		_ = conn.Close()
	}
}

func (p *proxy) keep(conn net.Conn) (forget func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[conn] = true
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, conn)
		_ = conn.Close()
	}
}

func (p *proxy) serve(conn net.Conn) {
	defer p.keep(conn)()
	if b, _ := p.now(); b == refuse {
		return
	}
	upstream, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer p.keep(upstream)()
	go func() {
		defer func() { _ = upstream.Close() }()
		_, _ = io.Copy(upstream, conn)
	}()
	// Answers are what is held back: the server has done what it was asked for, and the client does not know.
	buffer := make([]byte, 64<<10)
	for {
		n, err := upstream.Read(buffer)
		if n > 0 {
			if !p.letPass() {
				return
			}
			if _, err := conn.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// letPass waits as long as the answer is to be held back, and says whether it may go on.
func (p *proxy) letPass() bool {
	b, delay := p.now()
	switch b {
	case refuse:
		return false
	case slow:
		time.Sleep(delay)
	case hang:
		for b == hang {
			time.Sleep(5 * time.Millisecond)
			b, _ = p.now()
		}
		return b == forward
	case forward:
	}
	return true
}

package mail

import (
	"context"
	"net"
	"sync"
	"time"
)

const (
	// checkAfter is how long a connection may have nothing to do before the server is asked whether it is
	// still there.
	checkAfter = 2 * time.Second
	// maxMails is how many mails go over one connection; many servers want no more.
	maxMails = 100
)

// pool keeps open connections for the next mail. At most as many are open as there are slots.
type pool struct {
	options SMTPOptions
	slots   chan struct{}

	mu     sync.Mutex
	idle   []*connection // the last used at the end
	reaper *time.Timer
	closed bool
}

func newPool(o SMTPOptions) *pool {
	return &pool{options: o, slots: make(chan struct{}, o.Connections)}
}

// get returns a connection that is ready for a mail. The caller gives it to put or to drop.
func (p *pool) get(ctx context.Context) (*connection, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	for c := p.take(); c != nil; c = p.take() {
		if time.Since(c.idleSince) < checkAfter || c.alive() {
			return c, nil
		}
		c.hangUp()
	}
	c, err := p.open(ctx)
	if err != nil {
		<-p.slots
	}
	return c, err
}

// put gives a connection back for the next mail.
func (p *pool) put(c *connection) {
	defer func() { <-p.slots }()
	if c.mails >= maxMails {
		c.quit()
		return
	}
	c.idleSince = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.hangUp()
		return
	}
	p.idle = append(p.idle, c)
	if p.reaper == nil {
		p.reaper = time.AfterFunc(p.options.Idle, p.reap)
	}
}

// drop closes a connection that is of no use any more.
func (p *pool) drop(c *connection) {
	c.hangUp()
	<-p.slots
}

func (p *pool) take() *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	c := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return c
}

// reap says goodbye on connections that had nothing to do for too long.
func (p *pool) reap() {
	p.mu.Lock()
	var old []*connection
	for len(p.idle) > 0 && time.Since(p.idle[0].idleSince) >= p.options.Idle {
		old, p.idle = append(old, p.idle[0]), p.idle[1:]
	}
	p.reaper = nil
	if len(p.idle) > 0 && !p.closed {
		p.reaper = time.AfterFunc(p.options.Idle-time.Since(p.idle[0].idleSince), p.reap)
	}
	p.mu.Unlock()
	for _, c := range old {
		c.quit()
	}
}

func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	if p.reaper != nil {
		p.reaper.Stop()
	}
	p.mu.Unlock()
	for _, c := range idle {
		c.quit()
	}
}

// open connects: greeting, encryption and password are go-mail's, which heeds the context only until it is
// connected.
func (p *pool) open(ctx context.Context) (*connection, error) {
	opening, cancel := context.WithTimeout(ctx, p.options.Timeout)
	defer cancel()
	var raw net.Conn
	keep := func() bool { return true }
	client, err := p.options.client(func(conn net.Conn) {
		raw = conn
		keep = context.AfterFunc(opening, func() { _ = conn.Close() })
	})
	if err != nil {
		return nil, err
	}
	smtp, err := client.DialToSMTPClientWithContext(opening)
	if !keep() && err == nil {
		err = context.Cause(opening)
	}
	if err != nil {
		if raw != nil {
			_ = raw.Close()
		}
		return nil, err
	}
	pipelining, _ := smtp.Extension("PIPELINING")
	return &connection{raw: raw, text: smtp.Text, timeout: p.options.Timeout, pipelining: pipelining}, nil
}

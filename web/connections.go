package web

import (
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// ConnectionLimits bound how many connections are open at once.
type ConnectionLimits struct {
	Total, PerClient int
	// Clients knows the proxies, which stand for many clients: only Total counts for them.
	Clients Clients
}

const (
	// refusalTime is how long a client that is refused may take to notice it, and refusals how many of them there are at once.
	refusalTime = 500 * time.Millisecond
	refusals    = 100
)

// Limit returns a listener that answers those who are too many with 503, and closes their connections. Waiting with
// accepting instead would let one client keep out all others.
func (l ConnectionLimits) Limit(listener net.Listener) net.Listener {
	return &limitedListener{Listener: listener, limits: l, perClient: map[string]int{}, refusing: make(chan struct{}, refusals)}
}

type limitedListener struct {
	net.Listener
	limits   ConnectionLimits
	refusing chan struct{}

	mu        sync.Mutex
	total     int
	perClient map[string]int
}

// Accept returns the next connection that is not too much.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, fmt.Errorf("accept connection: %w", err)
		}
		client := l.clientOf(conn)
		if l.enter(client) {
			return &countedConn{Conn: conn, leave: sync.OnceFunc(func() { l.leave(client) })}, nil
		}
		l.refuse(conn)
	}
}

// clientOf is empty for those who are not counted apart.
func (l *limitedListener) clientOf(conn net.Conn) string {
	address, ok := addressOf(conn.RemoteAddr().String())
	if !ok || l.limits.Clients.trusts(address) {
		return ""
	}
	return nameOf(address)
}

func (l *limitedListener) enter(client string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total >= l.limits.Total || client != "" && l.perClient[client] >= l.limits.PerClient {
		return false
	}
	l.total++
	if client != "" {
		l.perClient[client]++
	}
	return true
}

func (l *limitedListener) leave(client string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if client == "" {
		return
	}
	if l.perClient[client]--; l.perClient[client] == 0 {
		delete(l.perClient, client)
	}
}

const refusalBody = `{"errors":[{"message":"too many connections","extensions":{"code":"TOO_MANY_CONNECTIONS"}}]}`

// refuse answers without reading a request. The connection is closed a little later, because closing one on which
// something has come that nobody has read makes the client lose the answer.
func (l *limitedListener) refuse(conn net.Conn) {
	select {
	case l.refusing <- struct{}{}:
	default:
		_ = conn.Close()
		return
	}
	go func() {
		defer func() { _ = conn.Close(); <-l.refusing }()
		_ = conn.SetDeadline(time.Now().Add(refusalTime))
		_, err := fmt.Fprintf(conn, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: %d\r\nRetry-After: 5\r\nConnection: close\r\n\r\n%s",
			len(refusalBody), refusalBody)
		if half, ok := conn.(interface{ CloseWrite() error }); err != nil || !ok || half.CloseWrite() != nil {
			return
		}
		_, _ = io.CopyN(io.Discard, conn, 64<<10)
	}()
}

// countedConn counts until it is closed.
type countedConn struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (c *countedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

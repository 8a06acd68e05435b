package web_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"ecoseller/web"
)

// serveLimited returns the address of a server that takes so many connections.
func serveLimited(t *testing.T, limits web.ConnectionLimits) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("fine")) })}
	go func() { _ = server.Serve(limits.Limit(listener)) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

// connect asks over a connection of its own, which stays open.
func connect(t *testing.T, from, to string) (status int, body string, conn net.Conn) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	request, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+to+"/", nil)
	if err := request.Write(conn); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content), conn
}

func TestConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	address := serveLimited(t, web.ConnectionLimits{Total: 4, PerClient: 2})
	const one, two, three = "127.0.0.11", "127.0.0.12", "127.0.0.13"
	expect := func(from string, want int) net.Conn {
		t.Helper()
		status, body, conn := connect(t, from, address)
		if status != want || want == 503 && !strings.Contains(body, "TOO_MANY_CONNECTIONS") {
			t.Errorf("%s: %d %s, want %d", from, status, body, want)
		}
		return conn
	}
	first := expect(one, 200)
	expect(one, 200)
	expect(one, 503)
	expect(two, 200)
	expect(two, 200)
	expect(three, 503) // as a whole they are too many
	_ = first.Close()
	deadline := time.Now().Add(5 * time.Second)
	for {
		if status, _, _ := connect(t, one, address); status == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the place of a closed connection stays taken")
		}
		time.Sleep(10 * time.Millisecond)
	}
	expect(one, 503)
}

func TestProxiesStandForManyClients(t *testing.T) {
	t.Parallel()
	proxies := web.Clients{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	address := serveLimited(t, web.ConnectionLimits{Total: 3, PerClient: 1, Clients: proxies})
	for i, want := range []int{200, 200, 200, 503} {
		if status, _, _ := connect(t, "127.0.0.1", address); status != want {
			t.Errorf("connection %d: %d", i, status)
		}
	}
}

func TestClientsAreToldApart(t *testing.T) {
	t.Parallel()
	proxies := web.Clients{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for _, test := range []struct{ peer, forwarded, want string }{
		{"203.0.113.7:1234", "", "203.0.113.7"},
		{"203.0.113.7:1234", "198.51.100.1", "203.0.113.7"}, // says a client of itself
		{"10.0.0.1:1234", "", "10.0.0.1"},
		{"10.0.0.1:1234", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1234", "1.1.1.1, 198.51.100.1", "198.51.100.1"}, // what a client has put before
		{"10.0.0.1:1234", "198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"10.0.0.1:1234", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
		{"10.0.0.1:1234", "nonsense", "10.0.0.1"},
		{"[::ffff:203.0.113.7]:1234", "", "203.0.113.7"},
		{"[2001:db8:1:2:3:4:5:6]:1234", "", "2001:db8:1:2::/64"},
		{"[fd00::1]:1234", "2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"},
		{"pipe", "", "pipe"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = test.peer
		if test.forwarded != "" {
			r.Header.Set("X-Forwarded-For", test.forwarded)
		}
		if got := proxies.Address(r); got != test.want {
			t.Errorf("%s for %q: %s, want %s", test.peer, test.forwarded, got, test.want)
		}
	}
}

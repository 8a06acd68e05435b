package embedded_test

import (
	"net"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"ecoseller/embedded"
)

func TestRedisKeepsTime(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	conn, err := redis.Dial("tcp", server.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()

	if _, err := conn.Do("SET", "lock", "held", "PX", 50); err != nil {
		t.Fatal(err)
	}
	if value, err := redis.String(conn.Do("GET", "lock")); err != nil || value != "held" {
		t.Fatalf("got %q, %v at once", value, err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for time.Now().Before(deadline) {
		exists, err := redis.Bool(conn.Do("EXISTS", "lock"))
		if err != nil {
			t.Fatal(err)
		}
		if !exists {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the key has not expired")
}

func TestRedisServersAreSeparateAndLocal(t *testing.T) {
	t.Parallel()
	first, second := startRedis(t), startRedis(t)
	if first.Address() == second.Address() {
		t.Fatalf("both listen on %s", first.Address())
	}
	host, _, err := net.SplitHostPort(first.Address())
	if err != nil || !net.ParseIP(host).IsLoopback() {
		t.Fatalf("listens on %s, %v", first.Address(), err)
	}
}

func TestRedisStops(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	address := server.Address()
	server.Stop()
	server.Stop()
	if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
		_ = conn.Close()
		t.Fatalf("%s still listens", address)
	}
}

func startRedis(t *testing.T) *embedded.Redis {
	t.Helper()
	server, err := embedded.StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

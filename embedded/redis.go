package embedded

import (
	"fmt"

	"github.com/alicebob/miniredis/v2"
)

// Redis is a Redis server inside this process. It keeps everything in memory and forgets it at its end.
type Redis struct{ server *miniredis.Miniredis }

// StartRedis starts a Redis on a free port of the loopback interface. The caller stops it.
func StartRedis() (*Redis, error) {
	server := miniredis.NewMiniRedis()
	// Without it time stands still for keys: none would ever expire.
	server.ClockTTL(true)
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start embedded Redis: %w", err)
	}
	return &Redis{server: server}, nil
}

// Address is host:port of the server.
func (r *Redis) Address() string { return r.server.Addr() }

// Stop closes the server and every connection to it. It may be called more than once.
func (r *Redis) Stop() { r.server.Close() }

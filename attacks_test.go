package main

import (
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"ecoseller/bench/attacks/scenarios"
)

// TestStandsAttacks attacks a server as go run ./bench/attacks does, with shorter times, fewer connections and a lower rate.
func TestStandsAttacks(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("attackers have addresses of their own, and memory is read, on Linux only")
	}
	server, shop := serverOn(t, []string{
		"ECOSELLER_FOLDER=" + filepath.Join(openFolder(t), "data"), "INTROSPECTION=0", "TRUSTED_PROXIES=none",
		"LIMIT_BODY_TIME=1s", "LIMIT_HEADER_TIME=1s",
		// With the race detector some of the dearest operations are enough for two processors.
		"RATE_LIMIT=200000",
	})
	target := scenarios.Target{Address: shop.address, Connections: 1000}
	for number, attack := range scenarios.All() {
		outcome, err := attack.Run(t.Context(), target, number)
		if err != nil {
			t.Fatal(err)
		}
		if outcome.Answer != attack.Want || outcome.Asked == 0 {
			t.Errorf("%s: %s, want %s; others have asked %d times", attack.Name, outcome.Answer, attack.Want, outcome.Asked)
		}
		// Generous, because the tests of other packages share the processors.
		if outcome.Took > 15*time.Second || outcome.Slowest > 10*time.Second {
			t.Errorf("%s took %s, and others waited for %s", attack.Name, outcome.Took, outcome.Slowest)
		}
	}
	memory, err := scenarios.MemoryOf(server.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	// 155 MB were measured; the race detector takes several times as much.
	if memory.Peak > 1<<30 {
		t.Errorf("the server has held %d MB", memory.Peak>>20)
	}
	t.Logf("the server has held %d MB at most", memory.Peak>>20)
}

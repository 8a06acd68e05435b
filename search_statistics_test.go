package main

import (
	"syscall"
	"testing"
)

// TestAStoppingServerWritesItsStatistics searches on one server, stops it at once, and asks another on the same
// database.
func TestAStoppingServerWritesItsStatistics(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.environment = append(d.environment, "USING_REDIS_QUEUE=0", "USE_ELASTIC=0")
	first, shop := serverOn(t, d.environment)
	shop.token = runProgram(t, d.environment, "create-token", "-permissions", "search:read")
	for range 3 {
		shop.search(t, "Žárovka", "cs")
	}
	first.end(t, syscall.SIGTERM)

	_, other := serverOn(t, d.environment)
	other.token = shop.token
	var failing struct {
		FailingSearches []struct {
			Text     string
			Searches int
		}
	}
	other.ask(t, &failing, `{ failingSearches { text searches } }`, nil)
	if len(failing.FailingSearches) != 1 || failing.FailingSearches[0].Text != "žárovka" || failing.FailingSearches[0].Searches != 3 {
		t.Errorf("%+v", failing)
	}
}

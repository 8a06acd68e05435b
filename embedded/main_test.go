//go:build darwin || linux

package embedded

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain also is the program that tests kill: with serveVariable set it runs a server and no tests.
func TestMain(m *testing.M) {
	if folder := os.Getenv(serveVariable); folder != "" {
		os.Exit(serveUntilKilled(folder))
	}
	goleak.VerifyTestMain(m)
}

package scenarios

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Memory is what a process holds, in bytes.
type Memory struct {
	// Resident is now, Peak the most since ForgetPeak.
	Resident, Peak int64
}

// ForgetPeak begins a new measurement of the peak.
func ForgetPeak(process int) error {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", process), []byte("5"), 0o600); err != nil {
		return fmt.Errorf("reset the peak of memory: %w", err)
	}
	return nil
}

// MemoryOf reads the memory of a process, on Linux.
func MemoryOf(process int) (Memory, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	if err != nil {
		return Memory{}, fmt.Errorf("read memory of a process: %w", err)
	}
	var m Memory
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch {
		case err != nil:
		case name == "VmRSS":
			m.Resident = kilobytes << 10
		case name == "VmHWM":
			m.Peak = kilobytes << 10
		}
	}
	return m, nil
}

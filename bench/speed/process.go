package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/uptrace/bun"
)

// clockTick is the unit of /proc/<process>/stat; it is 10 ms on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// processorTime is what a process has used, in user and system mode; zero when it is not there.
func processorTime(process int) time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		return 0
	}
	// The name, in parentheses, may hold anything; the fields after it are numbered from 3.
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	user, _ := strconv.Atoi(fields[14-3])
	system, _ := strconv.Atoi(fields[15-3])
	return time.Duration(user+system) * clockTick
}

// ownTime is what this process has used: generating the load.
func ownTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// memory reads a line of a process's status, such as VmHWM, in megabytes.
func memory(process int, what string) float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if value, ok := strings.CutPrefix(line, what+":"); ok {
			kilobytes, _ := strconv.ParseFloat(strings.Fields(value)[0], 64)
			return kilobytes / 1024
		}
	}
	return 0
}

// forgetPeak has VmHWM count from now on.
func forgetPeak(process int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", process), []byte("5"), 0o200) // the peak is that of its life then
}

// postgresTime sums what PostgreSQL's processes for a database have used. They live as long as the connections of the
// pools, so a difference of two sums is what was used between. Where PostgreSQL runs elsewhere, it is zero.
func postgresTime(ctx context.Context, admin *bun.DB, database string) (map[int]time.Duration, error) {
	var processes []int
	err := admin.NewRaw("SELECT pid FROM pg_stat_activity WHERE datname = ?", database).Scan(ctx, &processes)
	if err != nil {
		return nil, fmt.Errorf("list PostgreSQL's processes: %w", err)
	}
	used := map[int]time.Duration{}
	for _, process := range processes {
		used[process] = processorTime(process)
	}
	return used, nil
}

func between(before, after map[int]time.Duration) (used time.Duration) {
	for process, time := range after {
		used += time - before[process]
	}
	return used
}

// allocations reads how many objects a server has allocated from its metrics.
func allocations(ctx context.Context, address string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return 0, fmt.Errorf("make request: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "go_memstats_mallocs_total "); ok {
			count, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0, fmt.Errorf("read allocations: %w", err)
			}
			return count, nil
		}
	}
	return 0, errors.New("the metrics have no allocations")
}

// machine says what the numbers were measured on.
func machine() string {
	model := "unknown processor"
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(raw)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	load := "?"
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = strings.Fields(string(raw))[0]
	}
	return fmt.Sprintf("%d processors (%s), %s, load %s at the start", runtime.NumCPU(), model, runtime.Version(), load)
}

package jobs

import (
	"testing"
	"time"
)

// TestNextTick has the ticks around the changes of the clocks: on 29 March 2026 02:00 becomes 03:00 in Prague, on
// 25 October 03:00 becomes 02:00.
func TestNextTick(t *testing.T) {
	t.Parallel()
	for name, scenario := range map[string]struct {
		cron, zone, after string
		ticks             []string
	}{
		"a plain day": {
			"30 2 * * *", "Europe/Prague", "2026-07-01T00:00:00+02:00",
			[]string{"2026-07-01T02:30:00+02:00", "2026-07-02T02:30:00+02:00"},
		},
		"another zone has another day": {
			"0 0 * * *", "America/New_York", "2026-07-01T00:00:00Z",
			[]string{"2026-07-01T00:00:00-04:00", "2026-07-02T00:00:00-04:00"},
		},
		"the hour that is left out": {
			"30 2 * * *", "Europe/Prague", "2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"},
		},
		"its first minute": {
			"0 2 * * *", "Europe/Prague", "2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"},
		},
		"two ticks in it are one": {
			"0,30 2 * * *", "Europe/Prague", "2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"},
		},
		"the hour that comes twice": {
			"30 2 * * *", "Europe/Prague", "2026-10-24T12:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
		},
		"from within its second time": {
			"50 2 * * *", "Europe/Prague", "2026-10-25T02:45:00+01:00",
			[]string{"2026-10-26T02:50:00+01:00"},
		},
		"every hour goes on in it": {
			"0 * * * *", "Europe/Prague", "2026-10-25T01:30:00+02:00",
			[]string{"2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"},
		},
		"every twenty minutes across the gap": {
			"*/20 * * * *", "Europe/Prague", "2026-03-29T01:35:00+01:00",
			[]string{"2026-03-29T01:40:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T03:20:00+02:00"},
		},
		"on Mondays": {
			"0 6 * * 1", "Europe/Bratislava", "2026-10-20T00:00:00Z",
			[]string{"2026-10-26T06:00:00+01:00", "2026-11-02T06:00:00+01:00"},
		},
		"a zone that moves by half an hour": {
			"15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z",
			[]string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"},
		},
		"an interval": {
			"@every 90m", "UTC", "2026-01-01T00:00:00Z",
			[]string{"2026-01-01T01:30:00Z", "2026-01-01T03:00:00Z"},
		},
		"the last of February": {"0 12 29 2 *", "UTC", "2026-01-01T00:00:00Z", []string{"2028-02-29T12:00:00Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after := parse(t, scenario.after)
			for _, want := range scenario.ticks {
				got, err := nextTick(scenario.cron, scenario.zone, after)
				if err != nil {
					t.Fatal(err)
				}
				if !got.Equal(parse(t, want)) {
					t.Fatalf("after %s comes %s, want %s", after, got, want)
				}
				after = got
			}
		})
	}
}

func parse(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

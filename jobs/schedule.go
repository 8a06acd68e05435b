package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
	_ "time/tzdata" // a host need not know the time zones

	"github.com/robfig/cron/v3"

	"ecoseller/models"
	"ecoseller/store"
)

var cronParser = cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// allHours are the bits of an hour field that is *.
const allHours = 1<<24 - 1

// PutSchedule has a job enqueued at every tick of a cron expression ("0 2 * * *", "@daily", "@every 1h", with a sixth
// field in front for seconds) as a clock in the time zone shows it. The schedule is a row: it outlives the process and
// takes the place of one with the same name.
func PutSchedule(ctx context.Context, s *store.Store, name, expression, timeZone string, args models.JobArgs) (*models.JobSchedule, error) {
	next, err := nextTick(expression, timeZone, time.Now())
	if err != nil {
		return nil, err
	}
	payload, err := json.Marshal(args)
	if err != nil {
		return nil, fmt.Errorf("write arguments: %w", err)
	}
	policy := models.PolicyOf(args)
	schedule := &models.JobSchedule{
		Name: name, Cron: expression, TimeZone: timeZone, Kind: policy.Kind, Queue: policy.Queue, Payload: payload,
		MaxAttempts: policy.MaxAttempts, NextRunAt: next,
	}
	return schedule, s.PutJobSchedule(ctx, schedule)
}

// runSchedules enqueues the jobs whose tick has come. Whichever worker is first does it; the others find the tick
// moved on. Ticks that nobody was there for are made up by one job.
func (w *Worker) runSchedules(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stateTimeout)
	defer cancel()
	err := w.store.RunDueSchedules(ctx, func(schedule *models.JobSchedule, now time.Time) (time.Time, error) {
		return nextTick(schedule.Cron, schedule.TimeZone, now)
	})
	if err != nil {
		w.warn(ctx, "run schedules", err)
	}
}

// nextTick is the first tick after a time. Where clocks are changed, a tick at a fixed hour comes once a day all the
// same: in the hour that is left out it comes when that hour is over, in the hour that comes twice it comes the first
// time. Ticks at every hour go by elapsed time.
func nextTick(expression, timeZone string, after time.Time) (time.Time, error) {
	zone, err := time.LoadLocation(timeZone)
	if err != nil {
		return time.Time{}, fmt.Errorf("there is no time zone %q", timeZone)
	}
	schedule, err := cronParser.Parse(expression)
	if err != nil {
		return time.Time{}, fmt.Errorf("schedule %q: %w", expression, err)
	}
	fields, ok := schedule.(*cron.SpecSchedule)
	if !ok || fields.Hour&allHours == allHours {
		next := schedule.Next(after.In(zone))
		return next, checkTick(expression, next)
	}
	fields.Location = time.UTC
	// The hands of the clock, read as if it hung in Greenwich.
	hands := onClock(after.In(zone))
	for {
		hands = fields.Next(hands)
		if err := checkTick(expression, hands); err != nil {
			return time.Time{}, err
		}
		if next := whenClockShows(hands, zone); next.After(after) {
			return next, nil
		}
	}
}

func checkTick(expression string, tick time.Time) error {
	if tick.IsZero() {
		return fmt.Errorf("schedule %q never comes", expression)
	}
	return nil
}

func onClock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// whenClockShows is the first moment at which a clock in the zone shows the time or, where it leaves that time out, the
// moment at which it is put forward.
func whenClockShows(hands time.Time, zone *time.Location) time.Time {
	at := func(offset int) time.Time { return hands.Add(-time.Duration(offset) * time.Second).In(zone) }
	_, before := hands.Add(-25 * time.Hour).In(zone).Zone()
	_, later := hands.Add(25 * time.Hour).In(zone).Zone()
	if first := at(before); onClock(first).Equal(hands) {
		return first
	}
	if second := at(later); onClock(second).Equal(hands) {
		return second
	}
	start, _ := at(before).ZoneBounds()
	return start
}

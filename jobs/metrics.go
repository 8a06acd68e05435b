package jobs

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ecoseller/models"
	"ecoseller/store"
)

// scrapeTimeout bounds the look at the queues that a scrape costs.
const scrapeTimeout = 5 * time.Second

// Metrics counts what the workers of this process do, and reports the state of the queues, which is the same whichever
// process is asked. A nil one counts nothing.
type Metrics struct {
	store *store.Store

	attempts *prometheus.CounterVec
	duration *prometheus.HistogramVec
	pickUp   *prometheus.HistogramVec
	running  *prometheus.GaugeVec

	depth, scheduled, claimed, oldest *prometheus.Desc
}

// NewMetrics returns metrics to be registered with Prometheus.
func NewMetrics(s *store.Store) *Metrics {
	queue := []string{"queue"}
	return &Metrics{
		store: s,
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ecoseller_job_attempts_total",
			Help: "Attempts by what became of them: succeeded, retried, postponed, failed, cancelled, released, lost.",
		}, []string{"kind", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ecoseller_job_duration_seconds", Help: "How long attempts take.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 10),
		}, []string{"kind"}),
		pickUp: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ecoseller_job_pickup_seconds", Help: "How long jobs that are due wait until a worker begins them.",
			Buckets: prometheus.ExponentialBuckets(0.001, 3, 12),
		}, queue),
		running: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ecoseller_jobs_running", Help: "Jobs that run in this process.",
		}, []string{"kind"}),
		depth:     prometheus.NewDesc("ecoseller_job_queue_depth", "Jobs that are due and wait for a worker.", queue, nil),
		scheduled: prometheus.NewDesc("ecoseller_job_queue_scheduled", "Jobs that wait for their time or their next attempt.", queue, nil),
		claimed:   prometheus.NewDesc("ecoseller_job_queue_claimed", "Jobs that workers of any process have.", queue, nil),
		oldest:    prometheus.NewDesc("ecoseller_job_queue_oldest_seconds", "For how long the oldest job has been due.", queue, nil),
	}
}

// Describe names the metrics.
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, c := range m.counted() {
		c.Describe(descriptions)
	}
	for _, d := range []*prometheus.Desc{m.depth, m.scheduled, m.claimed, m.oldest} {
		descriptions <- d
	}
}

// Collect reports them. When PostgreSQL is away, only what this process has counted.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	for _, c := range m.counted() {
		c.Collect(metrics)
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	statuses, err := m.store.JobQueueStatuses(ctx)
	if err != nil {
		return
	}
	for _, s := range statuses {
		gauge := func(d *prometheus.Desc, value float64) {
			metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, string(s.Queue))
		}
		gauge(m.depth, float64(s.Depth))
		gauge(m.scheduled, float64(s.Scheduled))
		gauge(m.claimed, float64(s.Running))
		gauge(m.oldest, s.OldestAgeSeconds)
	}
}

func (m *Metrics) counted() []prometheus.Collector {
	return []prometheus.Collector{m.attempts, m.duration, m.pickUp, m.running}
}

// began counts a job whose handler is about to begin. RunAt is by the clock of the database.
func (m *Metrics) began(job *models.Job, now time.Time) {
	if m == nil {
		return
	}
	m.pickUp.WithLabelValues(string(job.Queue)).Observe(max(now.Sub(job.RunAt), 0).Seconds())
	m.running.WithLabelValues(string(job.Kind)).Inc()
}

func (m *Metrics) ended(job *models.Job, o outcome, took time.Duration) {
	if m == nil {
		return
	}
	m.attempts.WithLabelValues(string(job.Kind), string(o)).Inc()
	m.duration.WithLabelValues(string(job.Kind)).Observe(took.Seconds())
	m.running.WithLabelValues(string(job.Kind)).Dec()
}

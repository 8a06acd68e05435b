package cache

import "github.com/prometheus/client_golang/prometheus"

// newCounter counts what was asked of the cache.
func newCounter() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ecoseller_cache_reads_total", Help: "What was asked of the read cache: answers, products, markets, categories; found, changed since, or missing.",
	}, []string{"kind", "outcome"})
}

// listening says whether changes are heard.
var listening = prometheus.NewDesc("ecoseller_cache_listening", "1 while changes of the catalogue are heard; nothing is kept otherwise.", nil, nil)

// Describe names the metrics.
func (c *Cache) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- listening
	c.reads.Describe(descriptions)
}

// Collect reports them.
func (c *Cache) Collect(metrics chan<- prometheus.Metric) {
	hears := 0.0
	if c.changes.Hears() {
		hears = 1
	}
	metrics <- prometheus.MustNewConstMetric(listening, prometheus.GaugeValue, hears)
	c.reads.Collect(metrics)
}

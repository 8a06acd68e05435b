package config_test

import (
	"fmt"
	"strings"
	"testing"

	"ecoseller/config"
)

func TestFrom(t *testing.T) {
	t.Parallel()
	production := map[string]string{
		"POSTGRES_HOST": "db", "POSTGRES_USER": "shop", "POSTGRES_DB": "shop", "ELASTIC_HOST": "search:9200",
		"REDIS_QUEUE_LOCATION": "queue", "EMAIL_HOST": "mail",
	}
	tests := []struct {
		name                                   string
		set                                    map[string]string
		embedded, elastic, redis, schema, demo bool
	}{
		{"nothing set is development", nil, true, false, true, true, true},
		{"empty is not set", map[string]string{"POSTGRES_HOST": " ", "USE_ELASTIC": ""}, true, false, true, true, true},
		{"production", production, false, true, true, false, false},
		{"elastic switched off", with(production, "USE_ELASTIC", "0"), false, false, true, false, false},
		{"redis switched off", with(production, "USING_REDIS_QUEUE", "False"), false, true, false, false, false},
		{"introspection switched on", with(production, "INTROSPECTION", "true"), false, true, true, true, false},
		{"demo storefront switched on", with(production, "DEMO_STOREFRONT", "1"), false, true, true, false, true},
		{"demo storefront switched off", map[string]string{"DEMO_STOREFRONT": "0"}, true, false, true, true, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := config.From(test.set)
			if err != nil {
				t.Fatal(err)
			}
			got := [5]bool{c.Embedded(), c.UseElastic(), c.UseRedis(), c.AllowIntrospection(), c.ServeDemoStorefront()}
			want := [5]bool{test.embedded, test.elastic, test.redis, test.schema, test.demo}
			if got != want {
				t.Errorf("embedded, elastic, redis, introspection, demo storefront: got %v, want %v", got, want)
			}
		})
	}
}

func TestFromCompletesAddresses(t *testing.T) {
	t.Parallel()
	c, err := config.From(map[string]string{
		"POSTGRES_HOST": "::1", "ELASTIC_HOST": "search:9200", "REDIS_QUEUE_LOCATION": "queue", "EMAIL_USE_SSL": "1",
		"STOREFRONT_URL": "https://shop.example:8443/en",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Postgres.Address(), c.Elastic.Host, c.Redis.Location, c.Email.Port, c.MessageIDDomain()}
	want := []any{"[::1]:5432", "http://search:9200", "queue:6379", 465, "shop.example"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got[i], want[i])
		}
	}
}

func TestFromReportsEveryMistake(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		set   map[string]string
		names []string
	}{
		{"types", map[string]string{"PORT": "http", "EMAIL_PORT": "x", "USE_ELASTIC": "maybe"}, []string{"EMAIL_PORT", "PORT: \"http\"", "USE_ELASTIC"}},
		{
			"values",
			map[string]string{"PORT": "70000", "LOG_LEVEL": "loud", "USE_ELASTIC": "1", "WORKER_CONCURRENCY": "0"},
			[]string{"PORT", "LOG_LEVEL", "ELASTIC_HOST", "WORKER_CONCURRENCY"},
		},
		{
			"jobs",
			map[string]string{"WORKER_QUEUES": "high,urgent,high", "JOB_RETENTION": "-1h"},
			[]string{`"urgent"`, `"high" is there twice`, "JOB_RETENTION"},
		},
		{"languages", map[string]string{"LANGUAGES": "en,czech", "LANGUAGE_FALLBACK": "EN"}, []string{`"czech"`, `"EN"`}},
		{"forgotten host", map[string]string{"POSTGRES_DB": "shop"}, []string{"POSTGRES_HOST"}},
		{"pictures", map[string]string{"MEDIA_MAX_BYTES": "0", "MEDIA_URL": "cdn"}, []string{"MEDIA_MAX_BYTES", "MEDIA_URL"}},
		{"half a bucket", map[string]string{"MEDIA_S3_ENDPOINT": "s3:9000", "MEDIA_S3_BUCKET": "b"}, []string{"MEDIA_S3_ACCESS_KEY", "MEDIA_S3_ENDPOINT", "MEDIA_S3_SECRET_KEY"}},
		{"a bucket without a place", map[string]string{"MEDIA_S3_BUCKET": "b"}, []string{"MEDIA_S3_ENDPOINT"}},
		{"folder and bucket", map[string]string{
			"MEDIA_FOLDER": "/media", "MEDIA_S3_ENDPOINT": "http://s3:9000", "MEDIA_S3_BUCKET": "b", "MEDIA_S3_ACCESS_KEY": "k", "MEDIA_S3_SECRET_KEY": "s",
		}, []string{"MEDIA_FOLDER"}},
		{
			"limits",
			map[string]string{"LIMIT_TOKENS": "0", "LIMIT_PAGE_SIZE": "5000", "LIMIT_BODY_TIME": "-1s", "RATE_LIMIT": "10", "LIMIT_CONNECTIONS": "0"},
			[]string{"LIMIT_TOKENS", "LIMIT_PAGE_SIZE", "LIMIT_BODY_TIME", "RATE_LIMIT: 10 is less", "LIMIT_CONNECTIONS"},
		},
		{"others", map[string]string{"TRUSTED_PROXIES": "10.0.0.0/8,proxy", "CORS_ORIGINS": "shop.example", "CACHE_TIME": "-1s"}, []string{`"proxy"`, `"shop.example"`, "CACHE_TIME"}},
		{"redis without a place", map[string]string{"POSTGRES_HOST": "db", "USING_REDIS_QUEUE": "1"}, []string{"REDIS_QUEUE_LOCATION"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.From(test.set)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, name := range test.names {
				if !strings.Contains(err.Error(), name) {
					t.Errorf("%q does not name %s", err, name)
				}
			}
		})
	}
}

func with(variables map[string]string, name, value string) map[string]string {
	changed := map[string]string{name: value}
	for k, v := range variables {
		if k != name {
			changed[k] = v
		}
	}
	return changed
}

func TestTrustedProxies(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                           "[127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7]",
		"none":                       "[]",
		"203.0.113.9,2001:db8::7/32": "[203.0.113.9/32 2001:db8::/32]",
	} {
		c, err := config.From(map[string]string{"TRUSTED_PROXIES": text})
		if err != nil {
			t.Fatal(err)
		}
		networks, err := c.Traffic.Proxies()
		if got := fmt.Sprint(networks); err != nil || got != want {
			t.Errorf("%q: %s %v, want %s", text, got, err, want)
		}
	}
}

func TestPlaceOfPictures(t *testing.T) {
	t.Parallel()
	bucket := map[string]string{
		"POSTGRES_HOST": "db", "MEDIA_S3_ENDPOINT": "http://s3:9000", "MEDIA_S3_BUCKET": "b", "MEDIA_S3_ACCESS_KEY": "k", "MEDIA_S3_SECRET_KEY": "s",
	}
	for _, test := range []struct {
		name        string
		set         map[string]string
		keeps       bool
		folder, url string
	}{
		{"development", map[string]string{"ECOSELLER_FOLDER": "/data"}, true, "/data/media", "http://127.0.0.1:8080/media"},
		{"nothing", map[string]string{"POSTGRES_HOST": "db", "SERVER_URL": "https://api.shop.example/"}, false, "", "https://api.shop.example/media"},
		{"folder", map[string]string{"POSTGRES_HOST": "db", "MEDIA_FOLDER": "/pictures", "MEDIA_URL": "https://cdn.example/"}, true, "/pictures", "https://cdn.example"},
		{"bucket", bucket, true, "", "http://127.0.0.1:8080/media"},
	} {
		c, err := config.From(test.set)
		if err != nil {
			t.Fatal(err)
		}
		if c.KeepsMedia() != test.keeps || c.MediaFolder() != test.folder || c.MediaURL() != test.url {
			t.Errorf("%s: %t, %q, %q", test.name, c.KeepsMedia(), c.MediaFolder(), c.MediaURL())
		}
	}
}

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"ecoseller/embedded"
	"ecoseller/store/storetest"
)

// deployment is a server and its services: real PostgreSQL, Redis and Elasticsearch with names of their own
// in them, and a mailbox.
type deployment struct {
	environment    []string
	elastic, redis *proxy
	mailbox        *embedded.Mailbox
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	db := storetest.Create(t)
	host, port, err := net.SplitHostPort(db.Address)
	if err != nil {
		t.Fatal(err)
	}
	elasticURL, err := url.Parse(os.Getenv("ELASTIC_HOST"))
	if err != nil || elasticURL.Host == "" || os.Getenv("REDIS_QUEUE_LOCATION") == "" {
		storetest.Unavailable(t, "ELASTIC_HOST or REDIS_QUEUE_LOCATION is not set: run `make test`")
	}
	d := &deployment{elastic: newProxy(t, elasticURL.Host), redis: newProxy(t, os.Getenv("REDIS_QUEUE_LOCATION"))}
	if d.mailbox, err = embedded.StartMailbox("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.mailbox.Stop)
	mailHost, mailPort, _ := net.SplitHostPort(d.mailbox.Address())
	name := "test-" + uuid.NewString()
	d.environment = []string{
		"POSTGRES_HOST=" + host, "POSTGRES_PORT=" + port, "POSTGRES_DB=" + db.Database, "POSTGRES_USER=" + db.User, "POSTGRES_PASSWORD=" + db.Password,
		"REDIS_QUEUE_LOCATION=" + d.redis.address(), "REDIS_QUEUE_NAMESPACE={" + name + "}",
		"ELASTIC_HOST=http://" + d.elastic.address(), "ELASTICSEARCH_INDEX_NAMES=" + name, "ELASTIC_TIMEOUT=1s",
		"EMAIL_HOST=" + mailHost, "EMAIL_PORT=" + mailPort,
	}
	t.Cleanup(func() {
		request, _ := http.NewRequest(http.MethodDelete, elasticURL.String()+"/"+name+"-*?expand_wildcards=all", nil)
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
		}
	})
	return d
}

func (d *deployment) importProducts(t *testing.T, lines string) {
	t.Helper()
	runProgram(t, d.environment, "import", write(t, "products.ndjson", lines))
}

// waitForElastic waits until the index that was missing has been built.
func waitForElastic(t *testing.T, shop api) {
	t.Helper()
	within(t, time.Minute, "Elasticsearch answers", func() bool {
		return shop.search(t, "anything", "en").SearchProducts.Engine == "ELASTICSEARCH"
	})
}

// TestServerAndWorkerOnRealServices is the main job from end to end: import, index, search, mail; and what
// happens when a service goes away in the middle of it.
func TestServerAndWorkerOnRealServices(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.importProducts(t, productLine("A-1", "Canvas backpack")+productLine("A-2", "Laptop sleeve"))
	_, shop := serverOn(t, d.environment)
	shop.token = runProgram(t, d.environment, "create-token", "-permissions", "email:send")
	metrics := "127.0.0.1:" + strconv.Itoa(freePort(t))
	worker := start(t, append(d.environment, "METRICS_ADDRESS="+metrics), "-worker", "-concurrency", "3", "-queues", "high,default")
	waitForElastic(t, shop)
	if f := shop.search(t, "backpacks", "en").SearchProducts; f.TotalCount != 1 || f.Degraded {
		t.Errorf("backpacks: %+v", f)
	}

	// A change is found within two seconds on a machine that does nothing else, measured from its commit, which comes
	// before the command's end. Here the race detector and the tests of other packages share two processors.
	within(t, 10*time.Second, "the worker is ready", func() bool { return strings.Contains(worker.output.String(), "worker runs") })
	d.importProducts(t, productLine("A-1", "Canvas rucksack"))
	changed := time.Now()
	within(t, 10*time.Second, "a changed title is found", func() bool {
		f := shop.search(t, "rucksack", "en").SearchProducts
		return f.TotalCount == 1 && f.Engine == "ELASTICSEARCH"
	})
	t.Logf("found %s after the import", time.Since(changed))

	for name, mode := range map[string]proxyMode{"refuses": refusing, "hangs": hanging} {
		d.elastic.set(mode)
		for range 3 {
			asked := time.Now()
			f := shop.search(t, "rucksack", "en").SearchProducts
			if f.TotalCount != 1 || f.Engine != "POSTGRES" || !f.Degraded {
				t.Errorf("Elasticsearch %s: %+v", name, f)
			}
			if took := time.Since(asked); took > 1900*time.Millisecond {
				t.Errorf("Elasticsearch %s: an answer took %s", name, took)
			}
		}
		// What changes meanwhile is not lost.
		d.importProducts(t, productLine("B-"+name, "Umbrella "+name))
		within(t, 5*time.Second, "a new product is found by PostgreSQL", func() bool {
			return shop.search(t, "umbrella "+name, "en").SearchProducts.TotalCount > 0
		})
		d.elastic.set(passing)
		within(t, 60*time.Second, "Elasticsearch answers again, and has what changed meanwhile", func() bool {
			f := shop.search(t, name, "en").SearchProducts
			return f.Engine == "ELASTICSEARCH" && !f.Degraded && f.TotalCount == 1
		})
	}

	mail := shop.sendEmail(t, "customer@example.com")
	within(t, 5*time.Second, "the worker sends the mail", func() bool { return shop.emailState(t, mail) == "SENT" })
	within(t, 5*time.Second, "the worker counts it", func() bool {
		return strings.Contains(get(t, "http://"+metrics+"/metrics"), `ecoseller_job_attempts_total{kind="send_email",outcome="succeeded"} 1`)
	})
	if output := worker.output.String(); !strings.Contains(output, `concurrency=3 queues="[high default]"`) {
		t.Errorf("the worker's flags do not count: %s", output)
	}
	d.redis.set(refusing)
	mail = shop.sendEmail(t, "other@example.com")
	within(t, 60*time.Second, "the worker sends mail without Redis", func() bool { return shop.emailState(t, mail) == "SENT" })
	d.redis.set(passing)
	worker.end(t, syscall.SIGTERM)
	mail = shop.sendEmail(t, "third@example.com")
	start(t, d.environment, "-worker")
	within(t, 30*time.Second, "a new worker sends what waited", func() bool { return shop.emailState(t, mail) == "SENT" })
	if messages := d.mailbox.Messages(); len(messages) != 3 {
		t.Errorf("%d mails have arrived, want 3", len(messages))
	}
}

func get(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestRunsWithoutRedisAndElasticsearch leaves both out: the server runs the jobs itself.
func TestRunsWithoutRedisAndElasticsearch(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.environment = append(d.environment, "USING_REDIS_QUEUE=0", "USE_ELASTIC=0")
	d.importProducts(t, productLine("A-1", "Canvas backpack"))
	_, shop := serverOn(t, d.environment)
	shop.token = runProgram(t, d.environment, "create-token", "-permissions", "email:send")
	within(t, 10*time.Second, "the import is indexed", func() bool {
		f := shop.search(t, "backpack", "en").SearchProducts
		return f.TotalCount == 1 && f.Engine == "POSTGRES" && !f.Degraded
	})
	// Other people's mail is nothing for everybody's eyes.
	for _, page := range []string{"/dev/mailbox", "/dev/mailbox/", "/dev/mailbox/messages/1", "/dev/mailbox/templates/PASSWORD_RESET/sk"} {
		if got := getPage(t, "http://"+shop.address+page); !strings.HasPrefix(got, "404") {
			t.Errorf("a configured shop serves %s: %.100s", page, got)
		}
	}
	mail := shop.sendEmail(t, "customer@example.com")
	within(t, 5*time.Second, "the mail is sent", func() bool { return shop.emailState(t, mail) == "SENT" })
}

// TestBadLinesAreReported imports a file with mistakes: the rest goes in, and the status says so.
func TestBadLinesAreReported(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	file := write(t, "products.ndjson", productLine("A-1", "Good")+"{broken\n"+productLine("A-2", "Good too"))
	command := program(t, d.environment, "import", file)
	output, err := command.CombinedOutput()
	if err == nil || command.ProcessState.ExitCode() != 1 {
		t.Errorf("status %d", command.ProcessState.ExitCode())
	}
	for _, want := range []string{fmt.Sprintf("%s:%s: ", file, strconv.Itoa(2)), "imported 2 products (2 new) and 0 lines of reference data, refused 1 lines"} {
		if !strings.Contains(string(output), want) {
			t.Errorf("printed %s, want %q in it", output, want)
		}
	}
}

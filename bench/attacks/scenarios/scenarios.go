// Package scenarios attacks a server as strangers on the internet do, and tells what it answers.
package scenarios

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Target is the server that is attacked.
type Target struct {
	// Address is host:port.
	Address string
	// Connections is how many a flood opens.
	Connections int
}

// Attack is something that a server has to stand.
type Attack struct {
	Name string
	// Want is what a server should answer.
	Want string
	run  func(ctx context.Context, a attacker) (string, error)
}

// Outcome is what came of an attack.
type Outcome struct {
	// Answer is the status and the code of the server's answer, or what else has happened.
	Answer string
	// Took is how long the attacker waited for it.
	Took time.Duration
	// Asked is how often another client has asked meanwhile, and Slowest how long it waited at most.
	Asked   int
	Slowest time.Duration
}

// attacker is a client with an address of its own: what it has used up, others still have.
type attacker struct {
	Target
	client *http.Client
	dialer *net.Dialer
}

// All returns the attacks.
func All() []Attack {
	return []Attack{
		{"fragments that double 100 times", "422 QUERY_TOO_COMPLEX", query(doubling(100))},
		{"1,000 aliases", "422 QUERY_TOO_LARGE", query("{ " + many(1000, "a%d: __typename ") + "}")},
		{"100 aliases", "422 QUERY_TOO_COMPLEX", query("{ " + many(100, "a%d: products { totalCount } ") + "}")},
		{"1 MB of a query", "422 QUERY_TOO_LARGE", query("{ " + strings.Repeat("products { totalCount } ", 45_000) + "}")},
		{"1,400 fields of one name", "422 QUERY_TOO_LARGE", query("{ " + strings.Repeat("__typename ", 1400) + "}")},
		{"the schema, as tools ask for it", "422 INTROSPECTION_OFF", query(introspection)},
		{"the schema, 100 levels deep", "422 GRAPHQL_VALIDATION_FAILED", query("{ __schema { types { " + strings.Repeat("fields { type { ", 50) + "name" + strings.Repeat(" } }", 50) + " } } }")},
		{"categories, 100 levels deep", "422 QUERY_TOO_COMPLEX", query("{ categories { " + strings.Repeat("children { ", 100) + "id" + strings.Repeat(" }", 100) + " } }")},
		{"a page of a million", "200 PAGE_SIZE_OUT_OF_RANGE", query("{ products(first: 1000000) { nodes { id } } }")},
		{"a large page of everything, ten times", "422 QUERY_TOO_COMPLEX", query("{ " + many(10, "a%d: "+everything) + "}")},
		{"the same in parts, 60 requests at once", "200, then 429 RATE_LIMITED", flood},
		{"a body of 5 MB", "413 REQUEST_TOO_LARGE", post("application/json", func() io.Reader { return io.LimitReader(endless{}, 5<<20) })},
		{"variables, 5,000 levels deep", "422 GRAPHQL_VALIDATION_FAILED", deepVariables},
		{"a form of another site", "403 CROSS_ORIGIN", foreignForm},
		{"a body, a byte at a time", "408 BODY_TIMEOUT", trickle("POST /graphql HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")},
		{"a head, a byte at a time", "closed", trickle("POST /graphql HTTP/1.1\r\nX-Header: ")},
		{"a flood of connections", "503 TOO_MANY_CONNECTIONS", connections},
	}
}

// Run attacks the target, while another client goes on asking. Each attack comes from the address with its number.
func (a Attack) Run(ctx context.Context, target Target, number int) (Outcome, error) {
	honest, stop := context.WithCancel(ctx)
	var outcome Outcome
	var asking sync.WaitGroup
	var lost error
	asking.Go(func() { outcome.Asked, outcome.Slowest, lost = ask(honest, target) })
	started := time.Now()
	answer, err := a.run(ctx, newAttacker(target, number))
	outcome.Answer, outcome.Took = answer, time.Since(started)
	stop()
	asking.Wait()
	if lost != nil {
		return outcome, fmt.Errorf("%s: the other client: %w", a.Name, lost)
	}
	if err != nil {
		return outcome, fmt.Errorf("%s: %w", a.Name, err)
	}
	return outcome, nil
}

func newAttacker(target Target, number int) attacker {
	// Linux has the whole network 127.0.0.0/8 on its loopback.
	dialer := &net.Dialer{Timeout: 10 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(number+1))}}
	return attacker{
		Target: target, dialer: dialer,
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}},
	}
}

// ask is what an honest client does: it goes on looking at a page, and must never be refused.
func ask(ctx context.Context, target Target) (count int, slowest time.Duration, err error) {
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for {
		started := time.Now()
		answer, err := send(context.WithoutCancel(ctx), client, target.Address, http.Header{"Content-Type": {"application/json"}},
			strings.NewReader(`{"query": "{ products(first: 5) { nodes { title } } }"}`))
		if err != nil {
			return count, slowest, err
		}
		if answer != "200" {
			return count, slowest, fmt.Errorf("answered %s", answer)
		}
		count, slowest = count+1, max(slowest, time.Since(started))
		select {
		case <-ctx.Done():
			return count, slowest, nil
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// send posts a body and returns the status of the answer, with its first code.
func send(ctx context.Context, client *http.Client, address string, header http.Header, body io.Reader) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/graphql", body)
	if err != nil {
		return "", fmt.Errorf("make request: %w", err)
	}
	request.Header = header
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("send request: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	return summary(response)
}

func summary(response *http.Response) (string, error) {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", fmt.Errorf("read answer: %w", err)
	}
	var answer struct {
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", fmt.Errorf("read answer %.200q: %w", body, err)
	}
	text := fmt.Sprint(response.StatusCode)
	if len(answer.Errors) > 0 {
		text += " " + answer.Errors[0].Extensions.Code
	}
	return text, nil
}

func query(text string) func(context.Context, attacker) (string, error) {
	body, _ := json.Marshal(map[string]string{"query": text})
	return post("application/json", func() io.Reader { return bytes.NewReader(body) })
}

func post(contentType string, body func() io.Reader) func(context.Context, attacker) (string, error) {
	return func(ctx context.Context, a attacker) (string, error) {
		return send(ctx, a.client, a.Address, http.Header{"Content-Type": {contentType}}, body())
	}
}

// many joins n parts, in which %d is the number of the part.
func many(n int, part string) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, part, i)
	}
	return text.String()
}

// doubling is a query of a few kilobytes that stands for 2^levels fields.
func doubling(levels int) string {
	var q strings.Builder
	q.WriteString("{ categories { ...F0 } }")
	for i := range levels {
		fmt.Fprintf(&q, " fragment F%d on Category { ...F%d ...F%d }", i, i+1, i+1)
	}
	fmt.Fprintf(&q, " fragment F%d on Category { id }", levels)
	return q.String()
}

const (
	everything = `products(first: 100) { nodes { id title slug description shortDescription metaTitle metaDescription brand
		categories { id title path { title } } media { url srcset }
		variants { sku ean stockQuantity attributes { name value type { code name unit } }
			price { net { amount currency formatted } gross { amount currency formatted } vatRate discountPercent } } } } `
	introspection = `{ __schema { queryType { name } types { kind name description fields(includeDeprecated: true) { name description
		args { name type { kind name ofType { kind name ofType { kind name } } } } type { kind name ofType { kind name ofType { kind name } } } } } } }`
)

// flood asks for the dearest page that is allowed, more often than is.
func flood(ctx context.Context, a attacker) (string, error) {
	var mu sync.Mutex
	answers := map[string]int{}
	var errs []error
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			answer, err := query("{ "+everything+"}")(ctx, a)
			mu.Lock()
			defer mu.Unlock()
			answers[answer]++
			errs = append(errs, err)
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	if answers["200"]+answers["429 RATE_LIMITED"] == 60 && answers["200"] > 0 && answers["429 RATE_LIMITED"] > 0 {
		return "200, then 429 RATE_LIMITED", nil
	}
	return fmt.Sprint(answers), nil
}

func deepVariables(ctx context.Context, a attacker) (string, error) {
	body := `{"query": "query($f: ProductFilter) { products(filter: $f) { totalCount } }", "variables": {"f": ` +
		strings.Repeat(`{"price": `, 5000) + "1" + strings.Repeat("}", 5000) + "}}"
	return post("application/json", func() io.Reader { return strings.NewReader(body) })(ctx, a)
}

// foreignForm is what a page of another site makes a browser send without asking.
func foreignForm(ctx context.Context, a attacker) (string, error) {
	form := "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n" + `{"query": "{ priceLists { code } }"}` +
		"\r\n--x\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{}\r\n--x--\r\n"
	return send(ctx, a.client, a.Address, http.Header{
		"Content-Type": {"multipart/form-data; boundary=x"}, "Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"},
	}, strings.NewReader(form))
}

// endless is JSON that does not end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

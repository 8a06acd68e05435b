// Command search measures what searchProducts costs above the search itself: it asks a server, run as a process of its
// own, for 24 hits with prices and pictures, and asks Elasticsearch the very request that the server sends for them, in
// turns. Database and Elasticsearch are those that the environment names; the index has to be there.
//
//	go run ./bench/search -queries "keyboard,wireless mouse"
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"ecoseller/bench/program"
	"ecoseller/bench/proxy"
	"ecoseller/config"
)

type options struct {
	queries, program string
	rounds, warmUp   int
	facets           bool
}

func main() {
	var o options
	flag.StringVar(&o.queries, "queries", "keyboard,wireless mouse,black laptop backpack,usb cable,monitor,phone case", "what is looked for, separated by commas")
	flag.StringVar(&o.program, "program", "", "a built ecoseller; by default it is built")
	flag.IntVar(&o.rounds, "rounds", 200, "how often each query is asked")
	flag.IntVar(&o.warmUp, "warm-up", 50, "how often each query is asked before it is measured")
	flag.BoolVar(&o.facets, "facets", false, "ask for facets too")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	cfg, err := config.FromEnvironment()
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	folder, err := os.MkdirTemp("", "bench-search")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if o.program == "" {
		if o.program, err = program.Build(ctx, folder); err != nil {
			return err
		}
	}
	var texts []string
	for text := range strings.SplitSeq(o.queries, ",") {
		texts = append(texts, strings.TrimSpace(text))
	}
	pairs, err := recordPairs(ctx, cfg, o, texts)
	if err != nil {
		return err
	}
	return measure(ctx, cfg, o, pairs)
}

// startServer runs a server as production does, which finds Elasticsearch there.
func startServer(ctx context.Context, path, elastic string) (*program.Server, error) {
	return program.Start(ctx, path, append(os.Environ(), "ELASTIC_HOST="+elastic, "INTROSPECTION=0", "LOG_LEVEL=warn", "RATE_LIMIT=0"))
}

// pair is a request to the server and what it asks Elasticsearch for it.
type pair struct {
	text   string
	graph  []byte
	search []*searchRequest
}

// recordPairs runs a server with a proxy in between, which keeps the searches.
func recordPairs(ctx context.Context, cfg *config.Config, o options, texts []string) ([]*pair, error) {
	searches := new(recorder)
	between, err := proxy.Start(cfg.Elastic.Host, searches.see)
	if err != nil {
		return nil, err
	}
	defer between.Close()
	server, err := startServer(ctx, o.program, between.Address)
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	var pairs []*pair
	for _, text := range texts {
		p := &pair{text: text, graph: graphRequest(text, o.facets)}
		if err := ask(ctx, server, p.graph); err != nil { // the first answer may need what later ones have in memory
			return nil, fmt.Errorf("search %q: %w", text, err)
		}
		searches.take()
		if err := ask(ctx, server, p.graph); err != nil {
			return nil, fmt.Errorf("search %q: %w", text, err)
		}
		if p.search = searches.take(); len(p.search) == 0 {
			return nil, fmt.Errorf("search %q: Elasticsearch was not asked: is the index there?", text)
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

func graphRequest(text string, facets bool) []byte {
	query := `query ($text: String!) { searchProducts(query: $text, language: "en", first: 24) { totalCount engine nodes {
		id title slug brand media { url(width: 320) } variants { sku price { gross { amount currency } } } } FACETS } }`
	more := ""
	if facets {
		more = "facets { attributes { type { code name } values { attribute { name } productCount } } brands { brand productCount } price { min max } }"
	}
	body, _ := json.Marshal(map[string]any{"query": strings.Replace(query, "FACETS", more, 1), "variables": map[string]string{"text": text}})
	return body
}

// measure asks in turns, so that whatever else the machine does meets both alike.
func measure(ctx context.Context, cfg *config.Config, o options, pairs []*pair) error {
	server, err := startServer(ctx, o.program, cfg.Elastic.Host)
	if err != nil {
		return err
	}
	defer server.Stop()
	var whole, bare, above []time.Duration
	for round := range o.warmUp + o.rounds {
		for _, p := range pairs {
			graphTook, err := timed(func() error { return ask(ctx, server, p.graph) })
			if err != nil {
				return fmt.Errorf("search %q: %w", p.text, err)
			}
			searchTook, err := timed(func() error { return askElastic(ctx, cfg.Elastic.Host, p.search) })
			if err != nil {
				return fmt.Errorf("bare search %q: %w", p.text, err)
			}
			if round >= o.warmUp {
				whole, bare, above = append(whole, graphTook), append(bare, searchTook), append(above, graphTook-searchTook)
			}
		}
	}
	fmt.Printf("%d queries, %d times each, %d searches a query\n", len(pairs), o.rounds, len(pairs[0].search))
	fmt.Printf("               median      p99\n")
	fmt.Printf("searchProducts %8s %8s\n", quantile(whole, 0.5), quantile(whole, 0.99))
	fmt.Printf("bare _search   %8s %8s\n", quantile(bare, 0.5), quantile(bare, 0.99))
	fmt.Printf("above it       %8s %8s (of the pairs' differences)\n", quantile(above, 0.5), quantile(above, 0.99))
	return nil
}

func timed(f func() error) (time.Duration, error) {
	started := time.Now()
	err := f()
	return time.Since(started), err
}

func quantile(values []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1))].Round(10 * time.Microsecond)
}

func askElastic(ctx context.Context, host string, requests []*searchRequest) error {
	for _, r := range requests {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, host+r.target, bytes.NewReader(r.body))
		if err != nil {
			return fmt.Errorf("make request: %w", err)
		}
		request.Header = r.header.Clone()
		if err := drain(request); err != nil {
			return err
		}
	}
	return nil
}

func drain(request *http.Request) error {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if response.StatusCode != http.StatusOK || bytes.Contains(answer, []byte(`"errors":[`)) || bytes.Contains(answer, []byte(`"engine":"POSTGRES"`)) {
		return fmt.Errorf("answer %d: %.300s", response.StatusCode, answer)
	}
	return nil
}

func ask(ctx context.Context, s *program.Server, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.Address+"/graphql", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	return drain(request)
}

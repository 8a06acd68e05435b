package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// recording keeps the bodies of the bulk requests that pass a proxy.
type recording struct {
	folder string
	count  atomic.Int64
}

func (r *recording) see(request *http.Request, body []byte) error {
	if !strings.HasSuffix(request.URL.Path, "/_bulk") {
		return nil
	}
	return os.WriteFile(r.file(int(r.count.Add(1)-1)), body, 0o600)
}

func (r *recording) file(n int) string { return filepath.Join(r.folder, fmt.Sprintf("%06d", n)) }

// bareLoad sends what was recorded, as it is.
type bareLoad struct {
	elastic     string
	alias       string
	recording   *recording
	connections int
	definition  []byte
}

func (l *bareLoad) index() string { return "/" + l.alias + "-bare" }

// copyDefinition takes settings and mappings of the index that was rebuilt.
func (l *bareLoad) copyDefinition(ctx context.Context) error {
	raw, err := l.request(ctx, http.MethodGet, "/"+l.alias+"?flat_settings=true", nil)
	if err != nil {
		return err
	}
	var indices map[string]struct {
		Settings map[string]any
		Mappings json.RawMessage
	}
	if err := json.Unmarshal(raw, &indices); err != nil {
		return fmt.Errorf("read definition: %w", err)
	}
	for _, index := range indices {
		for _, name := range []string{"index.creation_date", "index.uuid", "index.version.created", "index.provided_name", "index.routing.allocation.include._tier_preference"} {
			delete(index.Settings, name)
		}
		// As a careful loader would do it, and as the rebuild does.
		index.Settings["index.refresh_interval"] = "-1"
		index.Settings["index.translog.durability"] = "async"
		l.definition, err = json.Marshal(map[string]any{"settings": index.Settings, "mappings": index.Mappings})
	}
	return err
}

// run loads into a new index and returns documents a second, until they can be searched and are on the disk.
func (l *bareLoad) run(ctx context.Context) (float64, error) {
	_, _ = l.request(ctx, http.MethodDelete, l.index(), nil)
	started := time.Now()
	if _, err := l.request(ctx, http.MethodPut, l.index(), l.definition); err != nil {
		return 0, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(l.connections)
	var failed sync.Map
	for n := range int(l.recording.count.Load()) {
		group.Go(func() error {
			body, err := os.ReadFile(l.recording.file(n))
			if err != nil {
				return fmt.Errorf("read recording: %w", err)
			}
			answer, err := l.request(ctx, http.MethodPost, l.index()+"/_bulk?filter_path=errors", body)
			if err == nil && !bytes.Contains(answer, []byte("false")) {
				failed.Store(n, true)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	for n := range failed.Range {
		return 0, fmt.Errorf("request %v was refused", n)
	}
	for _, step := range []string{"_flush", "_refresh"} {
		if _, err := l.request(context.WithoutCancel(ctx), http.MethodPost, l.index()+"/"+step, nil); err != nil {
			return 0, err
		}
	}
	took := time.Since(started)
	raw, err := l.request(context.WithoutCancel(ctx), http.MethodGet, l.index()+"/_count", nil)
	if err != nil {
		return 0, err
	}
	var answer struct{ Count float64 }
	if err := json.Unmarshal(raw, &answer); err != nil {
		return 0, fmt.Errorf("read count: %w", err)
	}
	return answer.Count / took.Seconds(), nil
}

func (l *bareLoad) deleteAll(ctx context.Context) {
	raw, err := l.request(ctx, http.MethodGet, "/_cat/indices/"+l.alias+"-*?h=index", nil)
	if err != nil {
		return
	}
	for index := range strings.FieldsSeq(string(raw)) {
		_, _ = l.request(ctx, http.MethodDelete, "/"+index, nil)
	}
}

func (l *bareLoad) request(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, l.elastic+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %d %.300s", method, path, response.StatusCode, answer)
	}
	return answer, err
}

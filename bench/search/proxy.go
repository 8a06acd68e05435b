package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// searchRequest is a search as the server sends it.
type searchRequest struct {
	target string
	header http.Header
	body   []byte
}

// searchProxy passes requests on to Elasticsearch and keeps the searches.
type searchProxy struct {
	address string
	server  *http.Server
	mutex   sync.Mutex
	kept    []*searchRequest
}

func recordSearches(elastic string) (*searchProxy, error) {
	target, err := url.Parse(elastic)
	if err != nil {
		return nil, fmt.Errorf("read address: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	p := &searchProxy{address: "http://" + listener.Addr().String()}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	p.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "search") { // _search and _msearch
			body, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			p.keep(&searchRequest{target: r.URL.RequestURI(), header: r.Header.Clone(), body: body})
		}
		proxy.ServeHTTP(w, r)
	})}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

func (p *searchProxy) keep(r *searchRequest) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.kept = append(p.kept, r)
}

func (p *searchProxy) searches() []*searchRequest {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.kept
}

func (p *searchProxy) forget() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.kept = nil
}

func (p *searchProxy) close() { _ = p.server.Close() }

package main

import (
	"net/http"
	"strings"
	"sync"
)

// searchRequest is a search as the server sends it.
type searchRequest struct {
	target string
	header http.Header
	body   []byte
}

// recorder keeps the searches that pass a proxy.
type recorder struct {
	mutex sync.Mutex
	kept  []*searchRequest
}

func (rec *recorder) see(r *http.Request, body []byte) error {
	if strings.HasSuffix(r.URL.Path, "search") { // _search and _msearch
		rec.mutex.Lock()
		defer rec.mutex.Unlock()
		rec.kept = append(rec.kept, &searchRequest{target: r.URL.RequestURI(), header: r.Header.Clone(), body: body})
	}
	return nil
}

// take returns what was kept, and forgets it.
func (rec *recorder) take() []*searchRequest {
	rec.mutex.Lock()
	defer rec.mutex.Unlock()
	kept := rec.kept
	rec.kept = nil
	return kept
}

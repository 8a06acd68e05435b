package elastic

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"ecoseller/models"
	"ecoseller/search"
)

// rememberDeletions is how long an index refuses a document that is older than the deletion of its product. It is
// longer than any writer takes from reading a document to writing it.
const rememberDeletions = "1h"

// Rebuild makes a new index beside the present one. One rebuild at a time: the caller sees to that.
func (e *Engine) Rebuild(ctx context.Context) (search.Rebuild, error) {
	if err := patiently(ctx, firstPatience, func() error { return e.Discard(ctx) }); err != nil {
		return nil, err
	}
	r := &rebuild{
		engine: e, definition: e.definition(),
		index: e.alias + "-" + time.Now().UTC().Format("20060102-150405.000000"),
	}
	if err := patiently(ctx, firstPatience, func() error { return r.createIndex(ctx) }); err != nil {
		return nil, err
	}
	return r, nil
}

type rebuild struct {
	engine     *Engine
	definition object
	index      string
	committed  bool
}

// Add writes the documents into the new index.
func (r *rebuild) Add(ctx context.Context, documents []*search.Document) error {
	operations, err := r.engine.indexOperations(documents, newer)
	if err != nil {
		return err
	}
	return r.engine.bulkPatiently(ctx, r.engine.buildingAlias(), operations)
}

// Delete removes products from the new index.
func (r *rebuild) Delete(ctx context.Context, deleted []models.IndexVersion) error {
	return r.engine.bulkPatiently(ctx, r.engine.buildingAlias(), deleteOperations(deleted))
}

// Commit lets the alias point to the new index, in one step. The index before it is kept, so that an
// operator can go back; older ones are deleted.
func (r *rebuild) Commit(ctx context.Context, count int) error {
	if err := patiently(ctx, patience, func() error { return r.takePlace(ctx, count) }); err != nil {
		return err
	}
	r.committed = true
	return patiently(ctx, patience, func() error { return r.engine.deleteUnused(ctx) })
}

func (r *rebuild) takePlace(ctx context.Context, count int) error {
	if err := r.finishFilling(ctx); err != nil {
		return err
	}
	var answer struct{ Count int }
	if err := r.engine.client.ask(ctx, esapi.CountRequest{Index: []string{r.index}}, &answer); err != nil {
		return fmt.Errorf("count %s: %w", r.index, err)
	}
	if answer.Count < count {
		return fmt.Errorf("%s holds %d products, expected %d", r.index, answer.Count, count)
	}
	return r.engine.swap(ctx, r.index)
}

// Abort deletes the new index.
func (r *rebuild) Abort(ctx context.Context) error {
	if r.committed {
		return nil
	}
	return r.engine.deleteIndices(ctx, []string{r.index})
}

// createIndex makes an empty index that nobody searches yet: it is not refreshed, and what a crash of the server would
// lose of it is not worth the waiting.
func (r *rebuild) createIndex(ctx context.Context) error {
	settings := maps.Clone(r.definition["settings"].(object)) //nolint:forcetypeassert // we have just made it
	settings["refresh_interval"] = "-1"
	settings["translog.durability"] = "async"
	settings["gc_deletes"] = rememberDeletions
	definition := object{
		"settings": settings, "mappings": r.definition["mappings"],
		"aliases": object{r.engine.buildingAlias(): object{}},
	}
	err := r.engine.client.ask(ctx, esapi.IndicesCreateRequest{Index: r.index, Body: body(definition)}, nil)
	if err != nil && strings.Contains(err.Error(), "resource_already_exists_exception") {
		return nil // the first answer was lost: nobody else gives this name
	}
	if err != nil && strings.Contains(err.Error(), "hunspell") {
		return fmt.Errorf("create index: the server lacks a dictionary; see docker/elasticsearch and scripts/foldhunspell: %w", err)
	}
	if err != nil {
		return fmt.Errorf("create index: %w", err)
	}
	return nil
}

// finishFilling gives the index the settings to live with, writes it to disk and makes it searchable.
func (r *rebuild) finishFilling(ctx context.Context) error {
	settings := object{"index": object{ //nolint:forcetypeassert // we have just made it
		"refresh_interval":    r.definition["settings"].(object)["refresh_interval"],
		"translog.durability": nil,
	}}
	for _, step := range []struct {
		doing   string
		request esapi.Request
	}{
		{"set up", esapi.IndicesPutSettingsRequest{Index: []string{r.index}, Body: body(settings)}},
		{"flush", esapi.IndicesFlushRequest{Index: []string{r.index}}},
		{"refresh", esapi.IndicesRefreshRequest{Index: []string{r.index}}},
	} {
		if err := r.engine.client.ask(ctx, step.request, nil); err != nil {
			return fmt.Errorf("%s %s: %w", step.doing, r.index, err)
		}
	}
	return nil
}

// deleteIndices deletes indices; those that are gone already are deleted.
func (e *Engine) deleteIndices(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	if err := e.client.ask(ctx, esapi.IndicesDeleteRequest{Index: names}, nil); err != nil && !errors.Is(err, search.ErrNoIndex) {
		return fmt.Errorf("delete indices: %w", err)
	}
	return nil
}

// DeleteAll removes all indices of the engine, the one in use as well.
func (e *Engine) DeleteAll(ctx context.Context) error {
	for _, alias := range []string{e.alias, e.buildingAlias()} {
		indices, err := e.indicesBehind(ctx, alias)
		if err != nil {
			return err
		}
		if err := e.deleteIndices(ctx, indices); err != nil {
			return err
		}
	}
	return nil
}

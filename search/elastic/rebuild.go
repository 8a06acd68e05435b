package elastic

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"ecoseller/search"
)

// buildingAlias stands on the index that is being filled; writes made meanwhile go there as well.
func (e *Engine) buildingAlias() string { return e.alias + "-building" }

// Rebuild makes a new index beside the present one. One rebuild at a time: the caller sees to that.
func (e *Engine) Rebuild(ctx context.Context) (search.Rebuild, error) {
	abandoned, err := e.indicesBehind(ctx, e.buildingAlias())
	if err != nil {
		return nil, err
	}
	if err := e.deleteIndices(ctx, abandoned); err != nil {
		return nil, err
	}
	name, err := e.createIndex(ctx, e.buildingAlias())
	if err != nil {
		return nil, err
	}
	return &rebuild{engine: e, index: name}, nil
}

type rebuild struct {
	engine    *Engine
	index     string
	committed bool
}

// Add writes the documents into the new index.
func (r *rebuild) Add(ctx context.Context, documents []*search.Document) error {
	operations, err := r.engine.indexOperations(documents)
	if err != nil {
		return err
	}
	return r.engine.bulk(ctx, r.engine.buildingAlias(), operations)
}

// Commit lets the alias point to the new index, in one step. The index before it is kept, so that an
// operator can go back; older ones are deleted.
func (r *rebuild) Commit(ctx context.Context, count int) error {
	if err := r.engine.client.do(ctx, esapi.IndicesRefreshRequest{Index: []string{r.index}}, nil); err != nil {
		return fmt.Errorf("refresh %s: %w", r.index, err)
	}
	var answer struct{ Count int }
	if err := r.engine.client.do(ctx, esapi.CountRequest{Index: []string{r.index}}, &answer); err != nil {
		return fmt.Errorf("count %s: %w", r.index, err)
	}
	if answer.Count < count {
		return fmt.Errorf("%s holds %d products, expected %d", r.index, answer.Count, count)
	}
	previous, err := r.engine.indicesBehind(ctx, r.engine.alias)
	if err != nil {
		return err
	}
	actions := []any{
		object{"add": object{"index": r.index, "alias": r.engine.alias}},
		object{"remove": object{"index": r.index, "alias": r.engine.buildingAlias()}},
	}
	for _, index := range previous {
		actions = append(actions, object{"remove": object{"index": index, "alias": r.engine.alias}})
	}
	if err := r.engine.client.do(ctx, esapi.IndicesUpdateAliasesRequest{Body: body(object{"actions": actions})}, nil); err != nil {
		return fmt.Errorf("swap alias: %w", err)
	}
	r.committed = true
	return r.engine.deleteOld(ctx, append(previous, r.index))
}

// Abort deletes the new index.
func (r *rebuild) Abort(ctx context.Context) error {
	if r.committed {
		return nil
	}
	return r.engine.deleteIndices(ctx, []string{r.index})
}

// createIndex makes an empty index with an alias and returns its name.
func (e *Engine) createIndex(ctx context.Context, alias string) (string, error) {
	name := e.alias + "-" + time.Now().UTC().Format("20060102-150405.000000")
	definition := indexDefinition(e.languages, e.protected)
	definition["aliases"] = object{alias: object{}}
	err := e.client.do(ctx, esapi.IndicesCreateRequest{Index: name, Body: body(definition)}, nil)
	if err != nil && strings.Contains(err.Error(), "hunspell") {
		return "", fmt.Errorf("create index: the server lacks a dictionary; see docker/elasticsearch and scripts/foldhunspell: %w", err)
	}
	if err != nil {
		return "", fmt.Errorf("create index: %w", err)
	}
	return name, nil
}

// indicesBehind returns the names of the indices behind an alias; none when there is no such alias.
func (e *Engine) indicesBehind(ctx context.Context, alias string) ([]string, error) {
	var answer map[string]any
	err := e.client.do(ctx, esapi.IndicesGetAliasRequest{Name: []string{alias}}, &answer)
	if errors.Is(err, search.ErrNoIndex) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up alias %s: %w", alias, err)
	}
	var names []string
	for name := range answer {
		names = append(names, name)
	}
	return names, nil
}

// deleteOld deletes indices of ours that are neither kept nor in use.
func (e *Engine) deleteOld(ctx context.Context, keep []string) error {
	var answer map[string]any
	if err := e.client.do(ctx, esapi.IndicesGetAliasRequest{Index: []string{e.alias + "-*"}}, &answer); err != nil {
		return fmt.Errorf("list indices: %w", err)
	}
	ours := regexp.MustCompile("^" + regexp.QuoteMeta(e.alias) + `-\d{8}-\d{6}\.\d{6}$`)
	var old []string
	for name := range answer {
		if ours.MatchString(name) && !slices.Contains(keep, name) {
			old = append(old, name)
		}
	}
	return e.deleteIndices(ctx, old)
}

func (e *Engine) deleteIndices(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	if err := e.client.do(ctx, esapi.IndicesDeleteRequest{Index: names}, nil); err != nil && !errors.Is(err, search.ErrNoIndex) {
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

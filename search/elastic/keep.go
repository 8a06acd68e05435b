package elastic

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
)

// The engine has up to three indices, each behind an alias: the present one, the one before it, and one that is being
// filled. Aliases move in one step, so that a kill at any moment leaves one of two states. Indices behind no alias are
// left over and may go.

// buildingAlias stands on the index that is being filled; writes made meanwhile go there as well.
func (e *Engine) buildingAlias() string { return e.alias + "-building" }

// previousAlias stands on the index before the present one.
func (e *Engine) previousAlias() string { return e.alias + "-previous" }

// swap makes the index the present one, and the present one the previous one.
func (e *Engine) swap(ctx context.Context, index string) error {
	present, err := e.indicesBehind(ctx, e.alias)
	if err != nil {
		return err
	}
	if slices.Equal(present, []string{index}) {
		return nil // the first answer was lost
	}
	older, err := e.indicesBehind(ctx, e.previousAlias())
	if err != nil {
		return err
	}
	var actions []any
	for _, name := range present {
		actions = append(actions, object{"remove": object{"index": name, "alias": e.alias}})
	}
	for _, name := range older {
		actions = append(actions, object{"remove": object{"index": name, "alias": e.previousAlias()}})
	}
	for _, name := range present {
		actions = append(actions, object{"add": object{"index": name, "alias": e.previousAlias()}})
	}
	actions = append(actions,
		object{"remove": object{"index": index, "alias": e.buildingAlias(), "must_exist": false}},
		object{"add": object{"index": index, "alias": e.alias}})
	err = e.client.ask(ctx, esapi.IndicesUpdateAliasesRequest{Body: body(object{"actions": actions})}, nil)
	if err != nil {
		return fmt.Errorf("swap alias: %w", err)
	}
	return nil
}

// Rollback swaps the present index and the one before it.
func (e *Engine) Rollback(ctx context.Context) error {
	previous, err := e.indicesBehind(ctx, e.previousAlias())
	if err != nil {
		return err
	}
	if len(previous) != 1 {
		return fmt.Errorf("%w: %d indices are kept", search.ErrNoPrevious, len(previous))
	}
	current, err := e.isCurrent(ctx, e.previousAlias())
	if err != nil {
		return err
	}
	if !current {
		return fmt.Errorf("%w: %s was made by another release of this program; roll back with that release", search.ErrNoPrevious, previous[0])
	}
	return e.swap(ctx, previous[0])
}

// Abandoned looks for the alias of a rebuild.
func (e *Engine) Abandoned(ctx context.Context) (bool, error) {
	names, err := e.indicesBehind(ctx, e.buildingAlias())
	return len(names) > 0, err
}

// Discard deletes the index of a rebuild that has not ended.
func (e *Engine) Discard(ctx context.Context) error {
	abandoned, err := e.indicesBehind(ctx, e.buildingAlias())
	if err != nil {
		return err
	}
	return e.deleteIndices(ctx, abandoned)
}

// definition is what an index is made of, with a mark that tells whether another release would make the same. The mark
// covers how documents are written as well.
func (e *Engine) definition() object {
	definition := indexDefinition(e.languages, e.protected)
	source, err := e.source(search.SampleDocument(e.languages))
	if err != nil {
		panic(fmt.Sprintf("write document: %v", err)) // it is texts and numbers
	}
	raw, err := json.Marshal([]any{definition, json.RawMessage(source)})
	if err != nil {
		panic(fmt.Sprintf("write definition: %v", err))
	}
	hash := sha256.Sum256(raw)
	definition["mappings"].(object)["_meta"] = object{"definition": hex.EncodeToString(hash[:8])} //nolint:forcetypeassert // we have just made it
	return definition
}

// Current compares the mark of the present index with that of this program.
func (e *Engine) Current(ctx context.Context) (bool, error) { return e.isCurrent(ctx, e.alias) }

func (e *Engine) isCurrent(ctx context.Context, alias string) (bool, error) {
	var answer map[string]struct {
		Mappings struct {
			Meta struct{ Definition string } `json:"_meta"`
		}
	}
	if err := e.client.ask(ctx, esapi.IndicesGetMappingRequest{Index: []string{alias}}, &answer); err != nil {
		return false, fmt.Errorf("look at the index: %w", err)
	}
	ours := e.definition()["mappings"].(object)["_meta"].(object)["definition"] //nolint:forcetypeassert // we have just made it
	for _, index := range answer {
		if index.Mappings.Meta.Definition != ours {
			return false, nil
		}
	}
	return len(answer) > 0, nil
}

// Versions reads the documents' versions in the order of their ids, as searches see them. A page needs no point in
// time: ids do not change, so the next page goes on behind the last one whatever happens meanwhile.
func (e *Engine) Versions(ctx context.Context, after uuid.UUID, limit int) ([]models.IndexVersion, error) {
	if after == uuid.Nil {
		if err := e.client.ask(ctx, esapi.IndicesRefreshRequest{Index: []string{e.alias}}, nil); err != nil {
			return nil, fmt.Errorf("refresh: %w", err)
		}
	}
	request := esapi.SearchRequest{Index: []string{e.alias}, Body: body(object{
		"size": limit, "_source": false, "version": true, "track_total_hits": false,
		"sort": []any{object{"product_id": "asc"}}, "search_after": []any{after},
	})}
	var answer struct {
		Hits struct {
			Hits []struct {
				ID      uuid.UUID `json:"_id"`
				Version int64     `json:"_version"`
			}
		}
	}
	if err := e.client.ask(ctx, request, &answer); err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	versions := make([]models.IndexVersion, len(answer.Hits.Hits))
	for i, hit := range answer.Hits.Hits {
		versions[i] = models.IndexVersion{ProductID: hit.ID, Version: hit.Version}
	}
	return versions, nil
}

// indicesBehind returns the names of the indices behind an alias; none when there is no such alias.
func (e *Engine) indicesBehind(ctx context.Context, alias string) ([]string, error) {
	return indicesBehind(ctx, e.client.ask, alias)
}

func indicesBehind(ctx context.Context, ask asker, alias string) ([]string, error) {
	var answer map[string]any
	err := ask(ctx, esapi.IndicesGetAliasRequest{Name: []string{alias}}, &answer)
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

// deleteUnused deletes indices of ours that are behind no alias.
func (e *Engine) deleteUnused(ctx context.Context) error {
	var answer map[string]struct{ Aliases map[string]any }
	if err := e.client.ask(ctx, esapi.IndicesGetAliasRequest{Index: []string{e.alias + "-*"}}, &answer); err != nil {
		return fmt.Errorf("list indices: %w", err)
	}
	ours := regexp.MustCompile("^" + regexp.QuoteMeta(e.alias) + `-\d{8}-\d{6}\.\d{6}$`)
	var unused []string
	for name, index := range answer {
		if ours.MatchString(name) && len(index.Aliases) == 0 {
			unused = append(unused, name)
		}
	}
	return e.deleteIndices(ctx, unused)
}

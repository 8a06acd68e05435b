package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Documents are those that clients have registered. Nothing else is run then.
type Documents struct {
	// byHash has them by the SHA-256 of their text, and by the names that a manifest gives them.
	byHash map[string]string
}

// OpenDocuments reads registered documents: from a folder, each file *.graphql in it or below is one; from a file,
// {"hash": "document", …} as GraphQL Code Generator and Relay write it, or Apollo's manifest of persisted queries. All
// of them have to fit the schema.
func OpenDocuments(place string) (*Documents, error) {
	info, err := os.Stat(place)
	if err != nil {
		return nil, fmt.Errorf("read registered documents: %w", err)
	}
	d := &Documents{byHash: map[string]string{}}
	if info.IsDir() {
		err = d.readFolder(place)
	} else {
		err = d.readManifest(place)
	}
	if err != nil {
		return nil, fmt.Errorf("read registered documents: %w", err)
	}
	if len(d.byHash) == 0 {
		return nil, fmt.Errorf("read registered documents: there are none in %s", place)
	}
	return d, nil
}

// Count is how many documents are registered; one that has a name besides its hash counts once.
func (d *Documents) Count() int {
	texts := map[string]bool{}
	for _, text := range d.byHash {
		texts[text] = true
	}
	return len(texts)
}

func (d *Documents) readFolder(folder string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	defer func() { _ = root.Close() }()
	schema := NewExecutableSchema(Config{}).Schema()
	return fs.WalkDir(root.FS(), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(file) != ".graphql" {
			return err
		}
		text, err := fs.ReadFile(root.FS(), file)
		if err != nil {
			return fmt.Errorf("read document: %w", err)
		}
		return d.add(schema, file, "", string(text))
	})
}

// manifest is either of the formats of files.
type manifest struct {
	Format     string
	Operations []struct{ ID, Body string }
}

func (d *Documents) readManifest(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read manifest: %w", err)
	}
	schema := NewExecutableSchema(Config{}).Schema()
	var apollo manifest
	if err := json.Unmarshal(content, &apollo); err == nil && len(apollo.Operations) > 0 {
		var errs []error
		for _, operation := range apollo.Operations {
			errs = append(errs, d.add(schema, operation.ID, operation.ID, operation.Body))
		}
		return errors.Join(errs...)
	}
	var plain map[string]string
	if err := json.Unmarshal(content, &plain); err != nil {
		return fmt.Errorf("%s is neither {\"hash\": \"document\"} nor a manifest of persisted queries: %w", file, err)
	}
	var errs []error
	for hash, text := range plain {
		errs = append(errs, d.add(schema, hash, hash, text))
	}
	return errors.Join(errs...)
}

func (d *Documents) add(schema *ast.Schema, label, name, text string) error {
	if _, err := gqlparser.LoadQueryWithRules(schema, text, nil); err != nil {
		return fmt.Errorf("%s does not fit the schema: %w", label, err)
	}
	d.byHash[hashOf(text)] = text
	if name != "" {
		d.byHash[strings.TrimPrefix(name, hashPrefix)] = text
	}
	return nil
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// ExtensionName identifies the documents to gqlgen.
func (*Documents) ExtensionName() string { return "RegisteredDocuments" }

// Validate has nothing to check: each document was checked when it was read.
func (*Documents) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters puts in the document that the request names, and refuses what is not registered.
func (d *Documents) MutateOperationParameters(_ context.Context, params *graphql.RawParams) *gqlerror.Error {
	hash := hashOf(params.Query)
	if params.Query == "" {
		hash = persistedHash(params.Extensions)
	}
	text, registered := d.byHash[hash]
	if !registered {
		return refusal(CodeNotRegistered, "this server runs registered documents only, and this is none of them")
	}
	params.Query = text
	return nil
}

// hashPrefix begins the names that GraphQL Code Generator makes on request.
const hashPrefix = "sha256:"

// persistedHash is extensions.persistedQuery.sha256Hash of a request.
func persistedHash(extensions map[string]any) string {
	persisted, _ := extensions["persistedQuery"].(map[string]any)
	hash, _ := persisted["sha256Hash"].(string)
	return strings.TrimPrefix(hash, hashPrefix)
}

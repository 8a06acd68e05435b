package store

import (
	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"

	"ecoseller/models"
)

// groupBy puts rows together that have the same key, keeping their order.
func groupBy[K comparable, V any](rows []V, key func(V) K) map[K][]V {
	groups := make(map[K][]V)
	for _, row := range rows {
		k := key(row)
		groups[k] = append(groups[k], row)
	}
	return groups
}

// uuidArray makes the argument of `= ANY(?)`.
func uuidArray(ids []uuid.UUID) schema.QueryAppender { return typedArray{uuidTexts(ids), "uuid[]"} }

func uuidTexts(ids []uuid.UUID) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return texts
}

// languageArray makes the argument for a language chain.
func languageArray(chain []models.LanguageCode) schema.QueryAppender { return stringArray(chain) }

func stringArray[S ~string](values []S) schema.QueryAppender {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return typedArray{texts, "text[]"}
}

// typedArray is an array literal with its type: PostgreSQL does not guess the type where an array has
// two uses in one statement.
type typedArray struct {
	texts    []string
	typeName string
}

// AppendQuery writes the literal.
func (a typedArray) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	b, err := pgdialect.Array(a.texts).AppendQuery(gen, b)
	if err != nil {
		return nil, err
	}
	return append(append(b, "::"...), a.typeName...), nil
}

// statement collects a statement with its arguments.
type statement struct {
	sql  string
	args []any
}

func (b *statement) add(sql string, args ...any) {
	b.sql += sql
	b.args = append(b.args, args...)
}

package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// documentGuard refuses documents that would be expensive to validate. Validation compares the fields that have the
// same name in the answer with each other, which takes time with the square of their number.
type documentGuard struct {
	limits Limits
	// known are documents that have been validated before.
	known graphql.Cache[*ast.QueryDocument]
}

// ExtensionName identifies the guard to gqlgen.
func (documentGuard) ExtensionName() string { return "DocumentGuard" }

// Validate has nothing to check in the schema.
func (documentGuard) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters looks at the text of the document before gqlgen does.
func (g documentGuard) MutateOperationParameters(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	if len(params.Query) > g.limits.QueryBytes {
		return refusal(CodeQueryTooLarge, "the document has %d bytes; at most %d are allowed", len(params.Query), g.limits.QueryBytes)
	}
	if _, known := g.known.Get(ctx, params.Query); known {
		return nil
	}
	if moreTokensThan(g.limits.Tokens, params.Query) {
		return refusal(CodeQueryTooLarge, "the document has more than %d tokens", g.limits.Tokens)
	}
	document, err := parser.ParseQuery(&ast.Source{Input: params.Query})
	if err != nil {
		return nil //nolint:nilerr // gqlgen will say what is wrong with it
	}
	if name := g.repeated(document); name != "" {
		return refusal(CodeQueryTooLarge, "the document has more than %d fields that are %q in the answer", g.limits.RepeatedFields, name)
	}
	return nil
}

func moreTokensThan(limit int, query string) bool {
	tokens := lexer.New(&ast.Source{Input: query})
	for range limit {
		if token, err := tokens.ReadToken(); err != nil || token.Kind == lexer.EOF {
			return false
		}
	}
	token, err := tokens.ReadToken()
	return err == nil && token.Kind != lexer.EOF
}

// repeated is a name that too many fields have.
func (g documentGuard) repeated(document *ast.QueryDocument) string {
	counts := map[string]int{}
	var count func(set ast.SelectionSet) string
	count = func(set ast.SelectionSet) string {
		for _, selection := range set {
			var inner ast.SelectionSet
			switch s := selection.(type) {
			case *ast.Field:
				if counts[s.Alias]++; counts[s.Alias] > g.limits.RepeatedFields {
					return s.Alias
				}
				inner = s.SelectionSet
			case *ast.InlineFragment:
				inner = s.SelectionSet
			}
			if name := count(inner); name != "" {
				return name
			}
		}
		return ""
	}
	for _, operation := range document.Operations {
		if name := count(operation.SelectionSet); name != "" {
			return name
		}
	}
	for _, fragment := range document.Fragments {
		if name := count(fragment.SelectionSet); name != "" {
			return name
		}
	}
	return ""
}

// quietRules are the rules of validation without their guesses at what was meant, which tell the schema by and by.
func quietRules() *rules.Rules {
	quiet := rules.NewDefaultRules()
	for loud, replacement := range map[string]validator.Rule{
		"FieldsOnCorrectType": rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
		"KnownArgumentNames":  rules.KnownArgumentNamesRuleWithoutSuggestions,
		"KnownTypeNames":      rules.KnownTypeNamesRuleWithoutSuggestions,
		"ScalarLeafs":         rules.ScalarLeafsRuleWithoutSuggestions,
		"ValuesOfCorrectType": rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	} {
		quiet.RemoveRule(loud)
		quiet.AddRule(replacement.Name, replacement.RuleFunc)
	}
	return quiet
}

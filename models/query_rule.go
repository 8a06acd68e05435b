package models

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// QueryMatch says which queries a rule is for.
type QueryMatch string

// The ways to match.
const (
	// QueryMatchExact is for queries that are one of the rule's texts.
	QueryMatchExact QueryMatch = "EXACT"
	// QueryMatchPhrase is for queries that have one of the rule's texts in them.
	QueryMatchPhrase QueryMatch = "PHRASE"
)

// QueryRule is what merchandisers lay down for queries.
type QueryRule struct {
	bun.BaseModel `bun:"table:query_rules,alias:qr"`

	ID      uuid.UUID `bun:",pk"`
	Name    string
	Match   QueryMatch
	Queries []string `bun:",array"`
	// Language is that of the queries; nil for all.
	Language *LanguageCode
	Enabled  bool
	// ActiveFrom and ActiveUntil bound the time in which the rule holds; nil bounds are open.
	ActiveFrom  *time.Time
	ActiveUntil *time.Time
	// Priority decides between rules for the same query: the higher one wins.
	Priority int
	// Pinned products come first, in this order; Hidden ones are not found.
	Pinned []uuid.UUID `bun:",array"`
	Hidden []uuid.UUID `bun:",array"`
	// Boosts are what the scores of products are multiplied by.
	Boosts map[uuid.UUID]float64 `bun:"type:jsonb"`
	// Version grows with every change.
	Version   int64
	CreatedAt time.Time
}

// ActiveAt says whether the rule holds at the instant.
func (r *QueryRule) ActiveAt(now time.Time) bool {
	return r.Enabled && (r.ActiveFrom == nil || !now.Before(*r.ActiveFrom)) && (r.ActiveUntil == nil || now.Before(*r.ActiveUntil))
}

// GlobalID returns the rule's id in the API.
func (r *QueryRule) GlobalID() string { return GlobalID(KindQueryRule, r.ID.String()) }

// PinnedProductIDs returns the pinned products' ids in the API.
func (r *QueryRule) PinnedProductIDs() []string { return productIDs(r.Pinned) }

// HiddenProductIDs returns the hidden products' ids in the API.
func (r *QueryRule) HiddenProductIDs() []string { return productIDs(r.Hidden) }

func productIDs(ids []uuid.UUID) []string {
	global := make([]string, len(ids))
	for i, id := range ids {
		global[i] = GlobalID(KindProduct, id.String())
	}
	return global
}

// ProductBoost is what the score of a product is multiplied by.
type ProductBoost struct {
	ProductID string
	Factor    float64
}

// BoostList returns the boosts, the strongest first.
func (r *QueryRule) BoostList() []*ProductBoost {
	boosts := make([]*ProductBoost, 0, len(r.Boosts))
	for id, factor := range r.Boosts {
		boosts = append(boosts, &ProductBoost{ProductID: GlobalID(KindProduct, id.String()), Factor: factor})
	}
	slices.SortFunc(boosts, func(a, b *ProductBoost) int {
		return cmp.Or(cmp.Compare(b.Factor, a.Factor), cmp.Compare(a.ProductID, b.ProductID))
	})
	return boosts
}

// QueryRuleConnection is a page of query rules.
type QueryRuleConnection struct {
	Edges    []*QueryRuleEdge
	PageInfo *PageInfo
}

// QueryRuleEdge is a query rule in a list.
type QueryRuleEdge struct {
	Cursor string
	Node   *QueryRule
}

// Nodes returns the rules of the page.
func (c *QueryRuleConnection) Nodes() []*QueryRule {
	nodes := make([]*QueryRule, len(c.Edges))
	for i, edge := range c.Edges {
		nodes[i] = edge.Node
	}
	return nodes
}

// SearchPreview sets what customers find for a query beside what they would find.
type SearchPreview struct {
	// Applies says whether the rule that was tried is for the query.
	Applies bool
	Present *ProductSearchConnection
	Preview *ProductSearchConnection
}

// NewQueryRule returns a rule with the fields that a new one has unless it is said otherwise.
func NewQueryRule() *QueryRule {
	return &QueryRule{
		Match: QueryMatchExact, Enabled: true, Version: 1,
		Queries: []string{}, Pinned: []uuid.UUID{}, Hidden: []uuid.UUID{}, Boosts: map[uuid.UUID]float64{},
	}
}

// QueryPlanData is everything that decides on how queries are changed before they are answered.
type QueryPlanData struct {
	Version  int64
	Synonyms []*Synonym
	// Rules have those with the higher priority first.
	Rules []*QueryRule
}

package models

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// SynonymDirection says which words of a synonym find which.
type SynonymDirection string

// The directions.
const (
	// SynonymOneWay lets phrases find what their alternatives find.
	SynonymOneWay SynonymDirection = "ONE_WAY"
	// SynonymTwoWay lets each phrase and each alternative find what the others find.
	SynonymTwoWay SynonymDirection = "TWO_WAY"
)

// Synonym says that phrases of queries may be said otherwise.
type Synonym struct {
	bun.BaseModel `bun:"table:synonyms,alias:sy"`

	ID           uuid.UUID `bun:",pk"`
	Language     LanguageCode
	Direction    SynonymDirection
	Phrases      []string `bun:",array"`
	Alternatives []string `bun:",array"`
	// Version grows with every change.
	Version   int64
	CreatedAt time.Time
}

// GlobalID returns the synonym's id in the API.
func (s *Synonym) GlobalID() string { return GlobalID(KindSynonym, s.ID.String()) }

// SynonymConnection is a page of synonyms.
type SynonymConnection struct {
	Edges    []*SynonymEdge
	PageInfo *PageInfo
}

// SynonymEdge is a synonym in a list.
type SynonymEdge struct {
	Cursor string
	Node   *Synonym
}

// Nodes returns the synonyms of the page.
func (c *SynonymConnection) Nodes() []*Synonym {
	nodes := make([]*Synonym, len(c.Edges))
	for i, edge := range c.Edges {
		nodes[i] = edge.Node
	}
	return nodes
}

// CreatedCursor is a place in a list that has the newest first.
type CreatedCursor struct {
	CreatedAt time.Time `json:"t"`
	ID        uuid.UUID `json:"i"`
}

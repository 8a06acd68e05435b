package models

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Deletion is an object that was deleted and can be restored.
type Deletion struct {
	bun.BaseModel `bun:"table:deletions,alias:d"`

	ID uuid.UUID `bun:",pk"`
	// Kind is the name of the object's type, Key its id, sku or code.
	Kind      string
	Key       string
	Title     string
	DeletedAt time.Time
}

// GlobalID returns the deletion's id in the API.
func (d *Deletion) GlobalID() string { return GlobalID(KindDeletion, d.ID.String()) }

// DeletionConnection is a page of deletions.
type DeletionConnection struct {
	Edges    []*DeletionEdge
	PageInfo *PageInfo
}

// DeletionEdge is a deletion in a list.
type DeletionEdge struct {
	Cursor string
	Node   *Deletion
}

// Nodes returns the deletions of the page.
func (c *DeletionConnection) Nodes() []*Deletion {
	nodes := make([]*Deletion, len(c.Edges))
	for i, edge := range c.Edges {
		nodes[i] = edge.Node
	}
	return nodes
}

// DeletionCursor is a place in the list of deletions, which has the newest first.
type DeletionCursor struct {
	DeletedAt time.Time `json:"t"`
	ID        uuid.UUID `json:"i"`
}

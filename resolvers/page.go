package resolvers

import "ecoseller/models"

// The sizes of a page, unless Resolver.MaxPage says otherwise.
const (
	defaultPage  = 24
	usualMaxPage = 100
)

// pageArguments are the arguments of a connection that can be read from both ends.
type pageArguments struct {
	first  *int32
	after  *string
	last   *int32
	before *string
}

// page is what the arguments say: how many items, which end they are counted from, and behind which cursor,
// or before which.
type page struct {
	size     int
	backward bool
	cursor   *string
}

func (r *Resolver) readPage(a pageArguments) (page, error) {
	if a.last != nil && (a.first != nil || a.after != nil) || a.last == nil && a.before != nil {
		return page{}, models.BadInput(models.CodeBadInput, "a page is asked for by first and after, or by last and before")
	}
	size, name := int32(defaultPage), "first"
	if a.first != nil {
		size = *a.first
	}
	if a.last != nil {
		size, name = *a.last, "last"
	}
	if err := r.checkPage(name, size); err != nil {
		return page{}, err
	}
	if a.last != nil {
		return page{size: int(size), backward: true, cursor: a.before}, nil
	}
	return page{size: int(size), cursor: a.after}, nil
}

func (r *Resolver) checkPage(argument string, size int32) error {
	maxPage := r.maxPage()
	if size < 1 || size > int32(maxPage) {
		return models.BadInput(models.CodePageSize, "%s is %d; a page has 1 to %d items", argument, size, maxPage)
	}
	return nil
}

func (r *Resolver) maxPage() int {
	if r.MaxPage == 0 {
		return usualMaxPage
	}
	return r.MaxPage
}

package resolvers

import (
	"context"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"ecoseller/graph"
	"ecoseller/media"
	"ecoseller/models"
)

// keepUploads stores uploaded pictures and returns their names. UserErrors say which files are not taken; none is
// stored then.
func (r *Resolver) keepUploads(ctx context.Context, files []*graphql.Upload) ([]string, error) {
	if r.Media == nil {
		return nil, &graph.Error{Code: graph.CodeMediaUnavailable, Message: "this server has no place for files"}
	}
	if len(files) == 0 || len(files) > media.MaxFiles {
		return nil, models.Refuse(models.UserErrorTooMany, "files", "1 to %d files in one call", media.MaxFiles)
	}
	pictures, err := r.checkUploads(ctx, files)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(pictures))
	for i, picture := range pictures {
		if err := r.Store.KeepMediaFile(ctx, &picture.File); err != nil {
			return nil, err
		}
		if err := r.Media.Keep(ctx, picture); err != nil {
			return nil, mediaAway(err)
		}
		names[i] = picture.File.Name
	}
	return names, nil
}

// checkUploads looks at all files, so that the caller hears of all that are wrong.
func (r *Resolver) checkUploads(ctx context.Context, files []*graphql.Upload) ([]*media.Picture, error) {
	var problems models.UserErrors
	pictures := make([]*media.Picture, len(files))
	for i, file := range files {
		picture, err := r.Media.Check(ctx, file.File)
		if refused, ok := errors.AsType[*media.RefusedError](err); ok {
			problems.Addf(refused.Code, fmt.Sprintf("files.%d", i), "%s", refused.Message)
			continue
		}
		if err != nil {
			return nil, mediaAway(err)
		}
		pictures[i] = picture
	}
	return pictures, problems.OrNil()
}

func mediaAway(err error) error {
	return errors.Join(&graph.Error{Code: graph.CodeMediaUnavailable, Message: "the picture cannot be stored now; try again in a moment"}, err)
}

-- What the ingresses of the cluster show each other, so that one believes another where a request
-- came from.
ALTER TABLE meta ADD COLUMN hop_key TEXT NOT NULL DEFAULT '';

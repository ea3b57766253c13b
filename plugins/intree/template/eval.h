/*
 * What the two halves of execution share: walking the tree (run.c) and evaluating pipelines (eval.c).
 */
#ifndef TEMPLATE_EVAL_H
#define TEMPLATE_EVAL_H

#include "node.h"

struct variable {
	slice_t name;
	value_t value;
};

/* Evaluates a pipeline; variables that it declares stay. False: an error is noted. */
bool eval_pipe(run_t *r, const value_t *dot, const node_t *pipe, value_t *out);
void variable_push(run_t *r, slice_t name, const value_t *v);
/* Sets the innermost variable of this name. */
bool variable_set(run_t *r, slice_t name, const value_t *v);

#endif

/* Expectations: the first that does not hold ends the program with its line and status 1. */
#pragma once
#include "hip.h"

#include <stdio.h>
#include <stdlib.h>

#define EXPECT(condition)                                                                  \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);        \
            exit(1);                                                                       \
        }                                                                                  \
    } while (0)
#define GIVES(status, call)                                                                            \
    do {                                                                                               \
        hipError_t status_ = (call);                                                                   \
        if (status_ != (status)) {                                                                     \
            fprintf(stderr, "%s:%d: %s gives %s\n", __FILE__, __LINE__, #call, hipGetErrorName(status_)); \
            exit(1);                                                                                   \
        }                                                                                              \
    } while (0)
#define OK(call) GIVES(hipSuccess, call)

/* What launchers use beside the plain calls: launchers.c. */
void launchers(hipFunction_t scale);

/* In which order work is done: order.c. */
void orders(hipFunction_t append);

/* All forms of queries, copies, fills, loads and launches, and their misuse: forms.c. */
void forms(const char *path, const char *image);

/* Nodes of every kind, read, changed and turned off: nodes.c. */
void nodes(hipModule_t module);

/* Kernels whose blocks wait for each other: cooperative.c. */
void cooperative(hipModule_t module);

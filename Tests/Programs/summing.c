// Ranks of MPI that pass a number round a ring, then add up vectors: `summing LAPS LENGTH`. Rank 0 prints the number, and each rank the sum
// of what it got.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    if (argc != 3) MPI_Abort(MPI_COMM_WORLD, 2);
    int laps = atoi(argv[1]), length = atoi(argv[2]), rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int token = 0, next = (rank + 1) % size, previous = (rank + size - 1) % size;
    for (int lap = 0; lap < laps; lap++) {
        if (rank > 0) MPI_Recv(&token, 1, MPI_INT, previous, lap, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        token += rank + 1;
        MPI_Send(&token, 1, MPI_INT, next, lap, MPI_COMM_WORLD);
        if (rank == 0) MPI_Recv(&token, 1, MPI_INT, previous, lap, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    if (rank == 0) printf("token %d\n", token);
    double *own = malloc(length * sizeof(double)), *sums = malloc(length * sizeof(double)), sum = 0;
    for (int index = 0; index < length; index++) own[index] = rank + index;
    MPI_Allreduce(own, sums, length, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    for (int index = 0; index < length; index++) sum += sums[index];
    printf("rank %d of %d: %.0f\n", rank, size, sum);
    free(own);
    free(sums);
    MPI_Finalize();
    return 0;
}

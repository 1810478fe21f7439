# Glue: a program a run, two at a time; what has its file already is left out.
mkdir -p results
run='[ -e results/$0-$1-$2 ] && exit
    python work.py $0 $1 $2 > results/$0-$1-$2.part && mv results/$0-$1-$2.part results/$0-$1-$2'
for x in 0 1 2 3 4; do
    for y in $(seq 0 $((WORK_YS - 1))); do
        for seed in 0 1 2 3; do echo $x $y $seed; done
    done
done | xargs -P 2 -L 1 sh -c "$run"
